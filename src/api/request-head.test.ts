// Tests of what is refused of a request by its head.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { findHeadFault, findPathFault } from "./request-head.ts";

function judge(
  url: string,
  headers: ReadonlyArray<readonly [string, string]> = [["Host", "a"]],
  httpVersion = "1.1",
  method = "GET",
) {
  const byName: Record<string, string> = {};
  // node:http keeps the first Host.
  for (const [name, value] of headers) byName[name.toLowerCase()] ??= value;
  return findHeadFault({ method, url, httpVersion, headers: byName, rawHeaders: headers.flat() });
}

describe("paths", () => {
  it.each([
    "/",
    "/v1/reports",
    "/v1/reports/a.b-c_d",
    "/v1/reports/%61",
    "/v1/reports/",
    "//v1",
    "/.well-known/x",
    "/v1/%E3%81%82",
    "",
  ])("%s has one reading", (path) => {
    expect(findPathFault(path)).toBeUndefined();
  });

  it.each([
    "/v1/%2e%2e/healthz",
    "/v1/%2E./healthz",
    "/v1/../healthz",
    "/v1/./healthz",
    "/v1/..",
    "/%2e",
    "/v1/..%2fhealthz",
    "/v1/a%2Fb",
    "/v1/a%5cb",
    "/v1/a\\b",
    "/v1/a%00",
    "/v1/a%0d%0ab",
    "/v1/a%7f",
    "/v1/a%ff",
    "/v1/a%c0%ae",
    "/v1/a%zz",
    "/v1/a%",
    "v1",
    "*",
  ])("%s has not", (path) => {
    expect(findPathFault(path)).toBeDefined();
    expect(judge(path)?.code).toBe("bad_request");
  });

  it("that pass are the same path to WHATWG's URL, decoded once or not at all", () => {
    const piece = fc.constantFrom(
      "a",
      ".",
      "..",
      "%2e",
      "%2E",
      "/",
      "%2f",
      "\\",
      "%5c",
      "%00",
      "%",
      "%41",
      "%ff",
      "%c3%a9",
      "~",
      ":",
      "%25",
      "%252e",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = `/${pieces.join("")}`;
        if (findPathFault(path) !== undefined) return;
        expect(new URL(`http://a${path}`).pathname).toBe(path);
        expect(decodeURIComponent(path).split("/")).toHaveLength(path.split("/").length);
        // A proxy that decodes before it passes on must not be read in another way.
        const decoded = new URL("http://a");
        decoded.pathname = decodeURIComponent(path).replaceAll("%", "%25");
        expect(decodeURIComponent(decoded.pathname)).toBe(decodeURIComponent(path));
      }),
      { numRuns: runs(1000) },
    );
  });

  it("are none where the server in general is asked", () => {
    expect(judge("*", [["host", "a"]], "1.1", "OPTIONS")).toBeUndefined();
    expect(judge("*", [["host", "a b"]], "1.1", "OPTIONS")).toBeDefined();
  });

  it("are looked at in whole URLs, and no query is", () => {
    expect(judge("http://a/v1/reports?x=%zz/../%2e")).toBeUndefined();
    expect(judge("http://a/v1/../reports")).toBeDefined();
    expect(judge("http://a")).toBeUndefined();
    expect(judge("HTTP://a:/v1/reports")).toBeUndefined();
    expect(judge("HTTPS://a/v1/../reports")).toBeDefined();
    for (const url of ["http:///v1", "http://u@a/v1", "ftp://a/v1", "http://a:99999/", "/v1#x"])
      expect(judge(url), url).toBeDefined();
  });
});

describe("Host", () => {
  it.each([
    "a",
    "rollcall.example.com:8787",
    "10.0.0.1",
    "[::1]",
    "[::1]:80",
    "under_score",
    "a.",
    "a:",
    "[::1]:",
    "a.b2:80",
  ])("%s is one", (host) => {
    expect(judge("/", [["host", host]])).toBeUndefined();
  });

  it.each([
    "a b",
    "u@a",
    "u:p@a",
    "a/b",
    "a?b",
    "a#b",
    "[:::1]",
    "::1",
    "a:99999",
    "a:b",
    "a,b",
    "é",
    "1.2.3.4.5",
    "x".repeat(300),
    "a\tb",
    "-",
  ])("%s is none", (host) => {
    expect(judge("/", [["host", host]])?.code).toBe("bad_request");
  });

  it.each(["rollcall.1:80", "1.2.3.4.5", "rollcall.0x1", "a.1."])("%s is none, and why is true", (host) => {
    expect(judge("/", [["host", host]])?.message).toContain("ends in a number and is no IPv4 address");
    expect(judge(`http://${host}/`)?.message).toContain("ends in a number and is no IPv4 address");
  });

  it("is there once, but in HTTP/1.0", () => {
    expect(judge("/", [])).toBeDefined();
    expect(judge("/", [["host", ""]])).toBeDefined();
    expect(judge("/", [], "1.0")).toBeUndefined();
    const two = [
      ["Host", "a"],
      ["hOST", "a"],
    ] as const;
    expect(judge("/", two)).toBeDefined();
    expect(judge("/", two, "1.0")).toBeDefined();
  });

  it("never makes a URL that cannot be parsed", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (host) => {
        if (judge("/", [["host", host]]) === undefined) expect(new URL(`http://${host}/`).pathname).toBe("/");
      }),
      { numRuns: runs(1000) },
    );
  });
});

it("bodies belong to PUT and POST", () => {
  const host = ["host", "a"] as const;
  for (const method of ["GET", "HEAD", "DELETE", "OPTIONS"]) {
    expect(judge("/", [host, ["content-length", "1"]], "1.1", method), method).toBeDefined();
    expect(judge("/", [host, ["transfer-encoding", "chunked"]], "1.1", method), method).toBeDefined();
    expect(judge("/", [host, ["content-length", "0"]], "1.1", method), method).toBeUndefined();
  }
  expect(judge("/", [host, ["content-length", "1"]], "1.1", "PUT")).toBeUndefined();
});
