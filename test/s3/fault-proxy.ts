// A proxy in front of the tests' S3 server that spoils some of what passes: busy answers, lost
// connections, bodies cut short, silence.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What may befall a request. */
export type Fault =
  /** 503 SlowDown; the request is not carried out. */
  | "slowDown"
  /** 500 InternalError, likewise. */
  | "internalError"
  /** The connection is reset, the request not carried out. */
  | "resetBefore"
  /** The request is carried out and the connection reset in the place of an answer. */
  | "resetAfter"
  /** The headers promise more than comes: the body ends half way, and the connection with it. */
  | "cutBody"
  /** Headers and half of the body, then nothing, and the connection stays. */
  | "stallBody"
  /** The request is carried out and nothing is answered. */
  | "stall"
  /** A listing's XML ends half way, and the headers say that this is all of it. */
  | "cutListing";

export interface FaultProxy {
  /** `http://127.0.0.1:PORT`, in the place of the server's. */
  readonly endpoint: string;
  /** How often each fault was given. */
  readonly counts: Readonly<Record<Fault, number>>;
  /** How many requests came. */
  readonly requests: number;
  /** Changes how often each fault befalls a request, from 0 to 1; those not named never do. */
  setRates(rates: Partial<Record<Fault, number>>): void;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  /** The server's: `http://HOST:PORT` */
  readonly target: string;
  readonly rates?: Partial<Record<Fault, number>>;
  /** From 0 to 1; see seededRandom. */
  readonly random: () => number;
}

const FAULTS: readonly Fault[] = [
  "slowDown",
  "internalError",
  "resetBefore",
  "resetAfter",
  "cutBody",
  "stallBody",
  "stall",
  "cutListing",
];

/**
 * Starts a proxy. The Host header passes as it was sent, so that signatures for the proxy's address
 * hold at the server.
 */
export async function startFaultProxy({
  target,
  random,
  ...options
}: FaultProxyOptions): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const counts = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  let { rates = {} } = options;
  let requests = 0;

  const server = createServer((incoming, outgoing) => {
    requests++;
    const fault = draw(rates, random());
    if (fault !== undefined && isPossible(fault, incoming)) {
      counts[fault]++;
      void spoil(fault, { incoming, outgoing, target, agent });
    } else {
      void pass({ incoming, outgoing, target, agent }, (answer, body) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        outgoing.end(body);
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    counts,
    get requests() {
      return requests;
    },
    setRates(next) {
      rates = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
    },
  };
}

function draw(rates: Partial<Record<Fault, number>>, random: number): Fault | undefined {
  let bound = 0;
  for (const fault of FAULTS) {
    bound += rates[fault] ?? 0;
    if (random < bound) return fault;
  }
  return undefined;
}

function isPossible(fault: Fault, { method, url = "" }: IncomingMessage): boolean {
  if (fault === "cutListing") return url.includes("list-type=2");
  return !(fault === "cutBody" || fault === "stallBody") || method === "GET";
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly target: string;
  readonly agent: Agent;
}

async function spoil(fault: Fault, exchange: Exchange): Promise<void> {
  const { incoming, outgoing } = exchange;
  if (fault === "resetBefore") return void incoming.socket.resetAndDestroy();
  if (fault === "slowDown" || fault === "internalError") {
    await readAll(incoming).catch(() => undefined);
    const [status, code] =
      fault === "slowDown" ? ([503, "SlowDown"] as const) : ([500, "InternalError"] as const);
    const xml =
      `<?xml version="1.0" encoding="UTF-8"?>\n` +
      `<Error><Code>${code}</Code><Message>Please try again.</Message></Error>`;
    outgoing.writeHead(status, {
      "content-type": "application/xml",
      "content-length": Buffer.byteLength(xml),
    });
    return void outgoing.end(xml);
  }
  await pass(exchange, (answer, body) => {
    if (fault === "resetAfter") incoming.socket.resetAndDestroy();
    if (fault === "resetAfter" || fault === "stall") return;
    const half = body.subarray(0, Math.floor(body.length / 2));
    if (fault === "cutListing") {
      outgoing.writeHead(200, { "content-type": "application/xml", "content-length": half.length });
      outgoing.end(half);
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    // Without these bytes on their way first, a reset would take the headers with it.
    outgoing.write(half, () => {
      if (fault === "cutBody") incoming.socket.end();
    });
    outgoing.flushHeaders();
  });
}

/** Carries a request out at the server and hands over the whole answer. */
async function pass(
  { incoming, outgoing, target, agent }: Exchange,
  give: (answer: IncomingMessage, body: Buffer) => void,
) {
  try {
    const sent = await readAll(incoming);
    const { method = "GET", url: path = "/", rawHeaders } = incoming;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const upstream = request(
        target,
        { method, path, agent, setHost: false, headers: pair(rawHeaders) },
        resolve,
      );
      upstream.on("error", reject);
      upstream.end(sent);
    });
    give(answer, await readAll(answer));
  } catch {
    // The client has gone, or the server has: either way this connection is of no more use.
    outgoing.destroy();
  }
}

/** `keep-alive` of the client is between it and the proxy. */
function pair(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (name.toLowerCase() !== "connection") headers[name] = value;
  }
  return headers;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
