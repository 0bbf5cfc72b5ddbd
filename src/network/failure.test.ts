// Tests of failures in words: what the runtimes throw, as they throw it.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { Agent, ProxyAgent, fetch as undiciFetch } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { NetworkFailure, toFailure } from "./failure.ts";

const PROXY = { variable: "HTTPS_PROXY", origin: "http://proxy.corp:3128", authorization: undefined };

/** As Node's fetch wraps what undici says; as Bun's throws it. */
const onNode = (code: string, message: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
const onBun = (code: string, message: string) => Object.assign(new TypeError(message), { code });

describe("toFailure", () => {
  it.each([
    [onNode("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"), "the connection is refused (ECONNREFUSED)"],
    [
      onBun("ECONNREFUSED", "ECONNREFUSED: Unable to connect. Is the computer able to access the url?"),
      "the connection is refused (ECONNREFUSED)",
    ],
    [onNode("UND_ERR_SOCKET", "other side closed"), "the connection was closed in the middle"],
    [
      new TypeError("terminated", {
        cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }),
      }),
      "the connection was closed in the middle",
    ],
    [onNode("ECONNRESET", "read ECONNRESET"), "the connection was closed in the middle (ECONNRESET)"],
    [onNode("EPIPE", "write EPIPE"), "the connection was closed in the middle (EPIPE)"],
    [
      onBun(
        "ECONNRESET",
        "ECONNRESET: The socket connection was closed unexpectedly. For more " +
          "information, pass `verbose: true` in the second argument to fetch()",
      ),
      "the connection was closed in the middle (ECONNRESET)",
    ],
    [onNode("ENOTFOUND", "getaddrinfo ENOTFOUND a.invalid"), "its name is not known to DNS (ENOTFOUND)"],
    [
      onNode("ERR_SSL_WRONG_VERSION_NUMBER", "80EC:error:0A00010B:SSL routines"),
      "it does not speak TLS there; is it http:// ? (ERR_SSL_WRONG_VERSION_NUMBER)",
    ],
    [
      onBun("EPROTO", "EPROTO: The TLS handshake failed."),
      "it does not speak TLS there; is it http:// ? (EPROTO)",
    ],
    [
      onNode("CERT_HAS_EXPIRED", "certificate has expired"),
      "its certificate has expired, or this machine's clock is ahead (CERT_HAS_EXPIRED)",
    ],
    [
      onBun("ERR_TLS_CERT_ALTNAME_INVALID", "fetching … pass `verbose: true`"),
      "its certificate is for another name than a.test; write the name that it is " +
        "for (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    [
      new DOMException("The operation was aborted due to timeout", "TimeoutError"),
      "there is no answer in time",
    ],
    [new TypeError("fetch failed"), "the request failed"],
    ["no error at all", "no reason is known"],
  ])("%s", (error, message) => {
    expect(toFailure(error, { host: "a.test" }).message).toBe(message);
  });

  it("takes the first of several addresses, and the innermost reason", () => {
    const both = new AggregateError([
      Object.assign(new Error("connect ECONNREFUSED ::1:1"), { code: "ECONNREFUSED" }),
    ]);
    expect(toFailure(new TypeError("fetch failed", { cause: both })).message).toBe(
      "the connection is refused (ECONNREFUSED)",
    );
  });

  it("names the proxy that was on the way, and knows its own refusals", () => {
    const refused = toFailure(onNode("ECONNREFUSED", "x"), { proxy: PROXY });
    expect(refused.message).toBe(
      "through the proxy http://proxy.corp:3128 (HTTPS_PROXY): the connection is refused (ECONNREFUSED)",
    );
    const inner = Object.assign(new Error("Proxy response (407) !== 200 when HTTP Tunneling"), {
      code: "UND_ERR_ABORTED",
    });
    const cancelled = Object.assign(new Error("Request was cancelled.", { cause: inner }), { code: 0 });
    const wanted =
      "the proxy http://proxy.corp:3128 (HTTPS_PROXY) wants a user and password; " +
      "write them as http://USER:PASSWORD@HOST:PORT";
    for (const error of [
      new TypeError("fetch failed", { cause: cancelled }),
      onBun("ERR_PROXY_TUNNEL", "Proxy refused to open a tunnel: 407 Proxy Authentication Required"),
    ])
      expect(toFailure(error, { proxy: PROXY })).toMatchObject({ message: wanted, isFinal: true });
    const gateway = onBun("ERR_PROXY_TUNNEL", "Proxy refused to open a tunnel: 502 Bad Gateway");
    expect(toFailure(gateway, { proxy: PROXY })).toMatchObject({
      isFinal: false,
      message: expect.stringContaining("answered 502"),
    });
  });

  it("says what to set for an unknown CA, and leaves what is in words as it is", () => {
    const failure = toFailure(
      onNode("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"),
    );
    expect(failure.isFinal).toBe(true);
    expect(failure.message).toContain("name the CA's file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS");
    expect(toFailure(new Error("outer", { cause: failure }))).toBe(failure);
    expect(toFailure(new NetworkFailure("x")).message).toBe("x");
  });
});

describe("undici's own words", () => {
  async function listen(listener: RequestListener): Promise<{ server: Server; origin: string }> {
    const server = createServer(listener);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  const fail = async (promise: Promise<unknown>) =>
    toFailure(
      await promise.then(
        () => undefined,
        (error: unknown) => error,
      ),
      { proxy: undefined },
    );

  it("tell what a proxy answered", async () => {
    const { server, origin } = await listen((_, response) => response.end());
    server.on("connect", (_, socket) => socket.end("HTTP/1.1 503 No way\r\n\r\n"));
    const dispatcher = new ProxyAgent({ uri: origin, proxyTunnel: true });
    const error = await undiciFetch("http://example.invalid/", { dispatcher }).catch((one: unknown) => one);
    expect(toFailure(error, { proxy: PROXY }).message).toContain("answered 503 and opened no way");
  });

  it("tell that a port is one of another protocol", async () => {
    for (const ask of [fetch, undiciFetch])
      expect((await fail(ask("http://127.0.0.1:6666/"))).message).toMatch(/port is one of another protocol/);
  });

  it("tell that an answer was cut, and that it stopped", async () => {
    const { origin } = await listen((request, response) => {
      response.write("a");
      if (request.url === "/cut") setImmediate(() => response.destroy());
    });
    const cut = await fetch(`${origin}/cut`);
    expect((await fail(cut.text())).message).toBe("the connection was closed in the middle");
    const stopped = await undiciFetch(`${origin}/stopped`, { dispatcher: new Agent({ bodyTimeout: 100 }) });
    expect((await fail(stopped.text())).message).toBe("the answer stopped in the middle");
  });
});

describe("the hop", () => {
  it.each([
    [onNode("ENOTFOUND", "getaddrinfo ENOTFOUND a.invalid"), "dns"],
    [onNode("EAI_AGAIN", "getaddrinfo EAI_AGAIN a.invalid"), "dns"],
    [onNode("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"), "tcp"],
    [onNode("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error"), "tcp"],
    [onNode("CERT_HAS_EXPIRED", "certificate has expired"), "tls"],
    [onBun("EPROTO", "EPROTO: The TLS handshake failed."), "tls"],
    [
      onNode("ECONNRESET", "Client network socket disconnected before secure TLS connection was established"),
      "tls",
    ],
    [onNode("ECONNRESET", "read ECONNRESET"), "http"],
  ])("of %s is %s", (error, hop) => {
    expect(toFailure(error).hop).toBe(hop);
    const isOfTheProxy = hop === "dns" || hop === "tcp";
    expect(toFailure(error, { proxy: PROXY }).hop).toBe(isOfTheProxy ? "proxy" : hop);
  });

  it("is tls where a real server ends in the middle of TLS", async () => {
    const server = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const error = await fetch(`https://127.0.0.1:${port}/`).catch((reason: unknown) => reason);
    expect(toFailure(error)).toMatchObject({
      hop: "tls",
      message: expect.stringContaining("closed in the middle"),
    });
  });
});
