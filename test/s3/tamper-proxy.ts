// A proxy in front of the tests' S3 server that gives other answers than the server's: real
// requests are carried out, and what comes back is changed.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";

export interface TamperedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Its length is told unless the headers say another. */
  readonly body: Buffer;
  /** Sends the body a byte at a time with so much in between, ms; the headers at once. */
  readonly dripMs?: number;
}

export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly host: string;
  readonly headers: IncomingMessage["headers"];
}

/** @returns what to answer; undefined for the server's own */
export type Tamper = (
  asked: Asked,
  answer: TamperedAnswer,
) => TamperedAnswer | undefined | Promise<TamperedAnswer | undefined>;

export interface TamperProxy {
  /** `http://127.0.0.1:PORT`, in the place of the server's. */
  readonly endpoint: string;
  readonly port: number;
  /** Each request that came: "GET /bucket/key", with the host where it is not the proxy's own. */
  readonly asked: Asked[];
  /** From now on; undefined lets all pass. */
  setTamper(tamper: Tamper | undefined): void;
  stop(): Promise<void>;
}

export interface TamperProxyOptions {
  /** The server's: `http://HOST:PORT` */
  readonly target: string;
  /** With them it speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a proxy. The Host header passes as it was sent, so that signatures hold at the server. */
export async function startTamperProxy({ target, tls }: TamperProxyOptions): Promise<TamperProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const asked: Asked[] = [];
  let tamper: Tamper | undefined;
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void handle(incoming, outgoing);
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = incoming;
    const one = { method, url, host: headers.host ?? "", headers };
    asked.push(one);
    try {
      const answer = await carryOut(incoming, target, agent);
      write(outgoing, (await tamper?.(one, answer)) ?? answer, method);
    } catch {
      // The client has gone, or the server has: either way this connection is of no more use.
      outgoing.destroy();
    }
  }

  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    asked,
    setTamper(next) {
      tamper = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

/** Headers that are one connection's own. */
const HOP = new Set(["connection", "keep-alive", "transfer-encoding"]);

async function carryOut(incoming: IncomingMessage, target: string, agent: Agent): Promise<TamperedAnswer> {
  const sent = await readAll(incoming);
  const { method = "GET", url: path = "/", headers } = incoming;
  const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP.has(name)));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const upstream = request(target, { method, path, agent, setHost: false, headers: passed }, resolve);
    upstream.on("error", reject);
    upstream.end(sent);
  });
  const kept = Object.entries(answer.headers).filter(([name]) => !HOP.has(name) && name !== "content-length");
  const length = method === "HEAD" ? { "content-length": answer.headers["content-length"] ?? "0" } : {};
  const own = Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
  return { status: answer.statusCode ?? 502, headers: { ...own, ...length }, body: await readAll(answer) };
}

function write(
  outgoing: ServerResponse,
  { status, headers, body, dripMs }: TamperedAnswer,
  method: string,
): void {
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  const length =
    hasBody && headers["content-length"] === undefined ? { "content-length": String(body.length) } : {};
  outgoing.writeHead(status, { ...headers, ...length });
  if (!hasBody || dripMs === undefined) return void outgoing.end(hasBody ? body : undefined);
  let at = 0;
  outgoing.flushHeaders();
  const timer = setInterval(() => {
    if (at < body.length) outgoing.write(body.subarray(at, ++at));
    else outgoing.end();
  }, dripMs);
  outgoing.on("close", () => clearInterval(timer));
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * A CONNECT proxy whose names all lead to one port of loopback, as a company's proxy leads to AWS.
 */
export async function startTunnel(
  port: number,
): Promise<{ readonly url: string; readonly names: string[]; stop(): Promise<void> }> {
  const names: string[] = [];
  const server = createServer((_request, response) => void response.writeHead(502).end());
  server.on("connect", (incoming, client) => {
    names.push(incoming.url ?? "");
    client.on("error", () => undefined);
    const onward = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client);
      client.pipe(onward);
    });
    onward.on("error", () => client.destroy());
    client.on("close", () => onward.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    names,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
