// Tests of which proxy a request goes through, as curl and Go would have it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Environment, findProxy, isExcepted, isNear } from "./proxy.ts";

const PROXY = "http://proxy.corp:3128";
const originFor = (url: string, env: Environment) => findProxy(new URL(url), env)?.origin;

describe("findProxy", () => {
  it.each([
    ["https://a.test", { HTTPS_PROXY: PROXY }, "HTTPS_PROXY"],
    ["https://a.test", { HTTPS_PROXY: "http://other", https_proxy: PROXY }, "https_proxy"],
    ["https://a.test", { https_proxy: "", ALL_PROXY: PROXY }, "ALL_PROXY"],
    ["http://a.test", { HTTP_PROXY: PROXY }, "HTTP_PROXY"],
    ["http://a.test", { http_proxy: PROXY, all_proxy: "http://other" }, "http_proxy"],
  ])("%s, %j: %s counts", (url, env, variable) => {
    expect(findProxy(new URL(url), env)).toEqual({ variable, origin: PROXY, authorization: undefined });
  });

  it("is not that of the other scheme, nor any where none is set", () => {
    expect(originFor("https://a.test", { HTTP_PROXY: PROXY })).toBeUndefined();
    expect(originFor("http://a.test", { HTTPS_PROXY: PROXY })).toBeUndefined();
    expect(originFor("http://a.test", { NO_PROXY: "b.test" })).toBeUndefined();
  });

  it("takes a value without a scheme, and a user and password out of it", () => {
    expect(originFor("https://a.test", { HTTPS_PROXY: "proxy.corp:3128" })).toBe(PROXY);
    const proxy = findProxy(new URL("https://a.test"), {
      HTTPS_PROXY: "http://us%20er:p%40ss%25@proxy.corp:3128",
    });
    expect(proxy?.origin).toBe(PROXY);
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from("us er:p@ss%").toString("base64")}`);
  });

  it.each([
    "http://",
    "ftp://proxy.corp",
    "socks5://u:s3cret@proxy.corp",
    "http://u:s3cret@:80",
    "http://a b",
  ])("refuses %s, and shows nothing of it", (value) => {
    const find = () => originFor("https://a.test", { HTTPS_PROXY: value });
    expect(find).toThrow(/HTTPS_PROXY names .*http:/);
    expect(find).not.toThrow(/s3cret/);
  });

  it.each([
    "http://127.0.0.1:8787",
    "http://127.9.8.7",
    "http://127.1",
    "http://0x7f000001",
    "http://2130706433",
    "http://localhost",
    "http://LOCALHOST.",
    "http://rollcall.localhost",
    "http://[::1]:8787",
    "http://[::ffff:127.0.0.1]",
    "http://0.0.0.0:1",
    "http://169.254.169.254/latest",
    "http://169.254.170.2",
    "http://169.254.170.23",
    "http://[::ffff:169.254.169.254]",
    "http://[fd00:ec2::254]",
    "http://[fd00:ec2::23]",
    "http://[fd00:ec2:ffff::1]",
    "http://[fe80::1]",
  ])("is never asked for %s", (url) => {
    const env = { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, ALL_PROXY: PROXY, NO_PROXY: "example.com" };
    expect(originFor(url, env)).toBeUndefined();
    expect(originFor(url.replace("http:", "https:"), env)).toBeUndefined();
  });

  it.each([
    "http://128.0.0.1",
    "http://169.253.0.1",
    "http://notlocalhost",
    "http://localhost.example.com",
    "http://[fd00:ec3::1]",
  ])("is asked for %s", (url) => expect(originFor(url, { http_proxy: PROXY })).toBe(PROXY));
});

describe("NO_PROXY", () => {
  it.each([
    ["*", "a.test", true],
    ["a.test", "a.test", true],
    ["a.test", "b.a.test", true],
    [".a.test", "b.a.test", true],
    [".a.test", "a.test", true],
    ["*.a.test", "b.a.test", true],
    ["A.Test.", "a.test", true],
    ["a.test", "aa.test", false],
    ["a.test", "a.test.com", false],
    ["x.test, a.test", "a.test", true],
    ["x.test  a.test", "a.test", true],
    ["a.test:443", "a.test", true],
    ["a.test:8443", "a.test", false],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1:443", "10.0.0.1", true],
    ["10.0.0.1:80", "10.0.0.1", false],
    ["10.0.0.1", "10.0.0.11", false],
    ["10.0.0.0/8", "10.200.3.4", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.1.2.3/32", "10.1.2.3", true],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["10.0.0.0/33", "10.0.0.1", false],
    ["10.0.0.0/8", "ten.test", false],
    ["fd00::/8", "fd12::1", true],
    ["fd00::1", "fd00:0:0::1", true],
    ["[fd00::1]", "fd00::1", true],
    ["[fd00::1]:443", "fd00::1", true],
    ["[fd00::1]:80", "fd00::1", false],
    ["", "a.test", false],
    [",, ,", "a.test", false],
    [".", "a.test", false],
    [":443", "a.test", false],
  ])("%j excepts %s: %s", (list, host, expected) => {
    expect(isExcepted(host, "443", list)).toBe(expected);
    expect(
      originFor(`https://${host.includes(":") ? `[${host}]` : host}`, { https_proxy: PROXY, NO_PROXY: list }),
    ).toBe(expected ? undefined : PROXY);
  });

  it("throws for no text, and excepts what it names whatever stands beside it", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.domain(),
        (list, host) => typeof isExcepted(host, "80", list) === "boolean",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.domain()), fc.domain(), fc.domain(), (others, host, below) => {
        const list = [...others, host].join(",");
        return (
          isExcepted(host.toLowerCase(), "80", list) &&
          isExcepted(`${below}.${host}`.toLowerCase(), "80", list)
        );
      }),
    );
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, bits) =>
        isExcepted(address, "80", `${address}/${bits}`),
      ),
    );
  });

  it("knows every loopback address as near", () => {
    const part = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(part, part, part, (a, b, c) => isNear(`127.${a}.${b}.${c}`) && isNear(`169.254.${b}.${c}`)),
    );
  });
});
