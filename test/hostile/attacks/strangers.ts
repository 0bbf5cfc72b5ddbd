// Strangers who hold no key: half-open connections, garbage, guesses in floods, endless bodies; and
// readers who do not read.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { runLanes, type Server } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { enlistHosts, makeReport, putReport } from "./fleet.ts";
import { pick } from "./mutation.ts";

/** Another address of this machine: what is bounded by address must not hit the honest. */
const STRANGERS_ADDRESS = "127.0.0.2";
const LANES = 8;
/** Connections that a stranger leaves open. */
const MAX_OPEN = 2000;

/** Opens a connection that nobody minds the end of. */
async function open({ port }: Server, localAddress = STRANGERS_ADDRESS): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => undefined);
  await Promise.race([once(socket, "connect").catch(() => undefined), once(socket, "close")]);
  return socket;
}

const HOST = "Host: a\r\n";
const OPENINGS = [
  "",
  "G",
  "GET /v1/reports HTTP/1.1\r\n",
  `GET /healthz HTTP/1.1\r\n${HOST}X: `,
  `GET /v1/reports HTTP/1.1\r\n${HOST}Content-Length: 1000000000\r\n\r\n`,
  `PUT /v1/reports/a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffff\r\n`,
  `PUT /v1/reports/a HTTP/1.1\r\n${HOST}Content-Length: 100000\r\nx-api-key: rc_x\r\n\r\n{`,
  `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${HOST}\r\n`,
  `GET http://a:b@[::1]:x/ HTTP/1.1\r\nHost: [\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(3000)}\r\n`,
  "\u0016\u0003\u0001\u0002\u0000\u0001",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\u0000".repeat(5000),
];

export const strangers: Attack = {
  name: "strangers",
  summary: "floods of strangers: half-open, garbage, endless",
  few: 200,
  async run(arena) {
    const server = await arena.serve();
    const keys = { ingest: await arena.makeKey("ingest"), read: await arena.makeKey("read") };
    const fleet = await enlistHosts(arena, server, keys);
    const sockets: Socket[] = [];
    let tries = 0;
    await runLanes(LANES, async () => {
      while (arena.goOn()) {
        const socket = await open(server);
        socket.on("data", (bytes: Buffer) => {
          const status = /^HTTP\/1\.1 (\d)/.exec(bytes.toString("latin1"))?.[1];
          if (status !== undefined) arena.count(`${status}xx`);
          if (status === "5")
            arena.wrong(`a stranger was answered ${bytes.toString("latin1").slice(0, 200)}`);
        });
        if (!socket.destroyed) socket.write(pick(OPENINGS, arena.random), "latin1");
        sockets.push(socket);
        if (sockets.length > MAX_OPEN) sockets.shift()?.destroy();
        if (++tries % 100 === 0) await fleet.check(server, `after ${tries} strangers`);
      }
    });
    await fleet.check(server, "while the strangers stand there");
    for (const socket of sockets) socket.destroy();
  },
};

const BIG_HOSTS = 300;
const PAD_BYTES = 10_000;

export const slowReaders: Attack = {
  name: "readers",
  summary: "readers who ask for the roll and do not read it",
  few: 24,
  async run(arena) {
    const server = await arena.serve();
    const keys = { ingest: await arena.makeKey("ingest"), read: await arena.makeKey("read") };
    const fleet = await enlistHosts(arena, server, keys);
    for (let at = 0; at < BIG_HOSTS; at++)
      await putReport(arena, server, keys.ingest, makeReport(`big-${at}`, { pad: "x".repeat(PAD_BYTES) }));
    const sockets: Socket[] = [];
    while (arena.goOn()) {
      const socket = await open(server);
      socket.pause();
      // Each asks for another answer, so that none can be shared.
      const fields = arena.random() < 0.5 ? "" : `&.x=${Math.floor(arena.random() * 1e6)}*&state=all`;
      if (!socket.destroyed)
        socket.write(`GET /v1/reports?meta=true${fields} HTTP/1.1\r\n${HOST}x-api-key: ${keys.read}\r\n\r\n`);
      sockets.push(socket);
      if (sockets.length > MAX_OPEN) sockets.shift()?.destroy();
      if (sockets.length % 20 === 0) await fleet.check(server, `beside ${sockets.length} slow readers`);
    }
    for (const socket of sockets) socket.destroy();
    await fleet.check(server, "after the slow readers");
  },
};
