// Tests of the Node door over real sockets.
import { connect, type Socket } from "node:net";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { ListenError, startServer } from "./server.ts";
import { createReaderWatch } from "./slow-readers.ts";

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
    await expect(startServer(app, { host: "127.0.0.1", port })).rejects.toMatchObject({
      isTaken: true,
      message: `port ${port} on 127.0.0.1 is taken`,
    });
    await first.stop(0);
  });

  it("names a TLS file that cannot be read", async () => {
    const tls = { certFile: "/nonexistent/cert.pem", keyFile: "/nonexistent/key.pem" };
    await expect(startServer(app, { host: "127.0.0.1", port: 0, tls })).rejects.toThrow(
      "/nonexistent/cert.pem",
    );
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

  it("cuts who does not take an answer, and nobody who takes it", async () => {
    let now = 0;
    let given = 0;
    const readers = createReaderWatch(() => now);
    const length = 64 * 1024 * 1024;
    const large = new Hono().get("/", () => {
      let left = length / 65_536;
      const pull = (controller: ReadableStreamDefaultController) => {
        given++;
        if (left-- > 0) controller.enqueue(new Uint8Array(65_536));
        else controller.close();
      };
      return new Response(new ReadableStream({ pull }), { headers: { "content-length": String(length) } });
    });
    const server = await startServer(large, { host: "127.0.0.1", port: 0, readers });
    onTestFinished(() => server.stop(0));
    const open = () => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      return socket;
    };
    /** Reads to the end of the connection. */
    const drain = (socket: Socket) =>
      new Promise<number>((resolve) => {
        let bytes = 0;
        socket.on("data", (chunk) => {
          bytes += chunk.length;
          if (bytes > length) socket.destroy();
        });
        socket.on("close", () => resolve(bytes));
        socket.resume();
      });
    const stalled = open().pause();
    await expect.poll(() => given, { timeout: 30_000 }).toBeGreaterThan(0);
    // What the sockets on the way hold is taken, as far as anybody can see.
    let before = 0;
    await expect
      .poll(() => {
        const isSame = given === before;
        before = given;
        return isSame;
      })
      .toBe(true);
    for (now = 0; now <= 60_000; now += 2000) readers.cutSlow();
    expect(await drain(stalled)).toBeLessThan(length);
    const quick = drain(open());
    for (let turn = 0; turn < 100; turn++) {
      now += 1000;
      readers.cutSlow();
      await new Promise(setImmediate);
    }
    expect(await quick).toBeGreaterThan(length);
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

/**
 * What a server answers to bytes, until it closes; or, if it keeps the connection, for as long as
 * it has something to say.
 */
function exchange(
  port: number,
  bytes: string | Buffer,
  { from = "127.0.0.1", until = /^$/ } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", localAddress: from }, () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (until.test(text)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}

describe("strangers", () => {
  async function start() {
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    onTestFinished(() => server.stop(0));
    return Number(new URL(server.url).port);
  }

  it("get 400 for a body where none belongs, however long it is, and are read no further", async () => {
    const port = await start();
    const sent = await new Promise<number>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.write("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        const more = () => {
          while (!socket.destroyed && socket.write(`10000\r\n${"x".repeat(0x10000)}\r\n`));
        };
        socket.on("drain", more);
        more();
      });
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString();
      });
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (/^HTTP\/1\.1 400 [\s\S]*GET takes no body here/.test(text)) resolve(socket.bytesWritten);
        else reject(new Error(`answered ${JSON.stringify(text)}`));
      });
    });
    // What sockets hold on the way comes on top of what is read.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it("get 400 for a path with two readings and for an odd Host, with Rollcall's headers", async () => {
    const port = await start();
    for (const head of [
      "GET /a/%2e%2e/ HTTP/1.1\r\nHost: a",
      "GET / HTTP/1.1\r\nHost: u@a",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
    ]) {
      const answer = await exchange(port, `${head}\r\n\r\n`, { until: /\r\n\r\n[\s\S]*\n$/ });
      expect(answer, head).toMatch(
        /^HTTP\/1\.1 400 [\s\S]*rollcall-api: v1[\s\S]*urn:rollcall:error:bad_request/i,
      );
    }
  });

  it.each([
    ["GET / HTTP/1.1\r\nHost: rollcall.example.com:", "200", "hello"],
    ["GET HTTP://x/ HTTP/1.1\r\nHost: x", "200", "hello"],
    ["GET Http://x:/ HTTP/1.1\r\nHost: x:", "200", "hello"],
    ["OPTIONS * HTTP/1.1\r\nHost: a", "204", "rollcall-api: v1"],
  ])("are answered where what they send is rare and legal: %s", async (head, status, text) => {
    const answer = await exchange(await start(), `${head}\r\nConnection: close\r\n\r\n`, { until: /never/ });
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain(text);
  });

  it("cannot shut others out with connections that say nothing", async () => {
    const port = await start();
    const held: Socket[] = [];
    while (held.length < 4200) {
      // No more at once than the kernel keeps for the server to accept: it would drop the others,
      // and these would not hear of it.
      const some = Array.from({ length: 200 }, () =>
        connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" })
          .on("error", () => undefined)
          .resume(),
      );
      await Promise.all(
        some.map((one) => new Promise((resolve) => one.once("connect", resolve).once("close", resolve))),
      );
      held.push(...some);
    }
    try {
      const answer = await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", { until: /hello/ });
      expect(answer).toContain("200 OK");
      await expect
        .poll(() => held.filter(({ closed }) => !closed).length, { timeout: 60_000 })
        .toBeLessThanOrEqual(1024);
    } finally {
      for (const socket of held) socket.destroy();
    }
  });
});
