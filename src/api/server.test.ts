// Tests of the Node door over real sockets.
import { connect } from "node:net";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { isLoopback, ListenError, startServer } from "./server.ts";

const app = new Hono().get("/", (context) => context.text("hello"));

describe("startServer", () => {
  it("refuses to listen in the clear beyond loopback unless a proxy is said to be there", async () => {
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "example.com"]) {
      await expect(startServer(app, { host, port: 0 })).rejects.toThrow("--behind-proxy");
    }
    const server = await startServer(app, { host: "0.0.0.0", port: 0, behindProxy: true });
    await server.stop(0);
  });

  it("says which port is taken", async () => {
    const first = await startServer(app, { host: "127.0.0.1", port: 0 });
    const port = Number(new URL(first.url).port);
    await expect(startServer(app, { host: "127.0.0.1", port })).rejects.toThrow(ListenError);
    await first.stop(0);
  });

  it("names a TLS file that cannot be read", async () => {
    const tls = { certFile: "/nonexistent/cert.pem", keyFile: "/nonexistent/key.pem" };
    await expect(startServer(app, { host: "127.0.0.1", port: 0, tls })).rejects.toThrow("/nonexistent/cert.pem");
  });

  it("lets a running answer end, and closes what is idle", async () => {
    let release: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      const held = new Promise<void>((free) => {
        release = free;
      });
      app.get("/slow", async (context) => {
        resolve();
        await held;
        return context.text("done");
      });
    });
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    await (await fetch(server.url)).text();
    const slow = fetch(`${server.url}/slow`);
    await started;
    const stopping = server.stop(60_000);
    release();
    expect(await (await slow).text()).toBe("done");
    await stopping;
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("survives what is no HTTP", async () => {
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    const port = Number(new URL(server.url).port);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = "";
      const socket = connect(port, "127.0.0.1", () => socket.write("\u0000\u0001 rubbish\r\n\r\n"));
      socket.on("data", (bytes) => {
        text += bytes.toString();
      });
      socket.on("close", () => resolve(text));
      socket.on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await (await fetch(server.url)).text()).toBe("hello");
    await server.stop(0);
  });
});

it.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["localhost", true],
  ["127.0.0.1.example.com", false],
  ["0.0.0.0", false],
  ["::", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
