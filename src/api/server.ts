// The Node door: carries requests from a socket to the application, and stops without cutting
// answers short.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { API_HEADER, API_HEADER_VALUE } from "../network/api-header.ts";
import { isLoopback } from "../network/loopback.ts";
import {
  CertificateError,
  checkPair,
  isSamePair,
  readPair,
  type TlsFiles,
  type TlsPair,
} from "./certificate.ts";
import { type Connections, createConnections } from "./connections.ts";
import type { HotAnswers } from "./hot-answers.ts";
import { type ApiError, describeProblem } from "./problem-details.ts";
import { findHeadFault, hasBody, isServerAsked, simplifyHead } from "./request-head.ts";
import { createReaderWatch, type ReaderWatch } from "./slow-readers.ts";

export interface ListenOptions {
  /**
   * An address such as 127.0.0.1 or ::1; not a name, so that what is opened is what was written.
   */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** With them the server speaks TLS alone. */
  readonly tls?: TlsFiles | undefined;
  /** A proxy in front ends TLS; without this flag, plain HTTP stays on loopback. */
  readonly behindProxy?: boolean;
  /** How long a connection that is asked nothing stays open; ms. */
  readonly keepAliveMs?: number | undefined;
  /** Asked first. */
  readonly hotAnswers?: HotAnswers;
  /** Who cuts slow readers; one with the usual bounds where none is given. */
  readonly readers?: ReaderWatch;
}

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8787`. */
  readonly url: string;
  /**
   * Reads the TLS files again, and greets with them from now on if they are others. Connections
   * that are open stay as they are.
   *
   * @returns whether they were others
   * @throws ListenError if they cannot be used; the pair of before is served on then
   */
  renewCertificate(): Promise<boolean>;
  /** Takes no new requests, lets the running ones end for up to graceMs, then closes. */
  stop(graceMs: number): Promise<void>;
}

/** A server that may not, or cannot, listen where it was told to. */
export class ListenError extends Error {
  override name = "ListenError";
  /** Whether another program listens there; who calls knows how another address is named. */
  readonly isTaken: boolean;

  constructor(message: string, { isTaken = false }: { readonly isTaken?: boolean } = {}) {
    super(message);
    this.isTaken = isTaken;
  }
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Of a TLS handshake as well. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for what is over those; its own 30 s would make 40 s of ten. */
const TIMEOUT_CHECK_MS = 1000;

const MAX_CONNECTIONS = 4096;
/** Of one address: so many may not have asked anything yet. */
const MAX_UNANSWERED = 1024;

/** Agents ask once an hour, and a browser opens a new connection in no time. */
const KEEP_ALIVE_MS = 5000;
/**
 * A load balancer sends what comes into a connection that it takes for open: it must be the first
 * to close. AWS's closes after 60 s ("Application Load Balancers": idle timeout), as nginx's
 * `keepalive_timeout` of an upstream does.
 */
const PROXY_KEEP_ALIVE_MS = 75_000;

/** How often a server that stops looks for connections that have had their answer. */
const IDLE_CHECK_MS = 100;

/**
 * Of a body that is refused so much is still read, for so long, so that its sender hears why: a
 * closed socket would take the answer away.
 */
const LINGER_BYTES = 1024 * 1024;
const LINGER_MS = 500;

/** Of what is answered without the application. */
const OWN_HEADERS = { "x-content-type-options": "nosniff", [API_HEADER]: API_HEADER_VALUE };

/**
 * Starts to listen.
 *
 * @throws ListenError for an address that is not loopback with neither TLS nor behindProxy; a port
 *   that is taken; TLS files that cannot be used
 */
export async function startServer(
  app: Hono,
  {
    host,
    port,
    tls,
    behindProxy = false,
    keepAliveMs,
    hotAnswers,
    readers = createReaderWatch(),
  }: ListenOptions,
): Promise<RunningServer> {
  if (!isLoopback(host) && !tls && !behindProxy) {
    throw new ListenError(
      `${host} is not loopback, and keys would travel in the clear: give --tls-cert ` +
        "and --tls-key, or --behind-proxy if a proxy in front ends TLS",
    );
  }
  // HTTP/1.0 needs no Host, and load balancers' health checks send none. Node itself refuses
  // HTTP/1.1 without one.
  const carry = getRequestListener(app.fetch, { hostname: "localhost" });
  const connections = createConnections({
    most: MAX_CONNECTIONS,
    mostUnheard: MAX_UNANSWERED,
    isByAddress: !behindProxy,
    monotonic: () => performance.now(),
  });
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    connections.noteRequest(request.socket, response);
    const fault = findHeadFault(request);
    if (!fault) simplifyHead(request);
    if (fault) refuse(request, response, fault);
    else if (isServerAsked(request)) response.writeHead(204, OWN_HEADERS).end();
    // Its failures are answered by its own error handling; it never rejects.
    else if (!hotAnswers?.resend(request, response)) void carry(request, response);
  };
  let pair = tls && (await readTls(tls));
  const door = createDoor(pair, {
    listener,
    connections,
    readers,
    keepAliveMs: keepAliveMs ?? (behindProxy ? PROXY_KEEP_ALIVE_MS : KEEP_ALIVE_MS),
  });
  await door.listen(port, host);
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls ? "https" : "http"}://${shownHost}:${door.port()}`,
    async renewCertificate() {
      if (!tls || !pair) return false;
      const found = await readTls(tls, pair);
      if (isSamePair(found, pair)) return false;
      await door.greetWith(found);
      pair = found;
      return true;
    },
    stop: (graceMs) => door.stop(graceMs),
  };
}

/**
 * Answers without asking the application. Of a body no more is read than is good for its sender.
 */
function refuse(request: IncomingMessage, response: ServerResponse, error: ApiError): void {
  const { status, headers, body } = describeProblem(error);
  const isSending = hasBody(request.headers);
  if (isSending) response.setHeader("connection", "close");
  response.writeHead(status, { ...headers, ...OWN_HEADERS, "content-length": Buffer.byteLength(body) });
  if (!isSending) {
    response.end(request.method === "HEAD" ? undefined : body);
    return;
  }
  if (request.method === "HEAD") response.flushHeaders();
  else response.write(body);
  // The answer is whole; that it ends closes the connection.
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER_BYTES) end();
  });
  request.once("end", end);
  request.once("close", end);
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

interface ListeningSocketOptions {
  readonly listener: Listener;
  readonly connections: Connections;
  readonly readers: ReaderWatch;
  readonly keepAliveMs: number;
}

/** The socket that is listened on, and what speaks on it. */
interface ListeningSocket {
  listen(port: number, host: string): Promise<void>;
  port(): number;
  greetWith(pair: TlsPair): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

function createDoor(
  pair: TlsPair | undefined,
  { listener, connections, readers, keepAliveMs }: ListeningSocketOptions,
): ListeningSocket {
  const open = (own: TlsPair | undefined): Server => {
    const timeouts = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: keepAliveMs,
    };
    const opened = own
      ? createHttpsServer({ ...timeouts, handshakeTimeout: HEADERS_TIMEOUT_MS, ...own }, listener)
      : createHttpServer(timeouts, listener);
    opened.on(own ? "secureConnection" : "connection", (socket: Socket) => readers.add(socket));
    return opened.on("connection", (connection: Socket) => connections.admit(connection));
  };
  let server = open(pair);
  /** Those that only end what they began. */
  const ending = new Set<Server>();
  const address = () => server.address() as AddressInfo;

  return {
    async listen(port, host) {
      await listen(server, host, port);
      readers.start();
    },
    port: () => address().port,
    async greetWith(found) {
      if ("setSecureContext" in server) return (server as HttpsServer).setSecureContext({ ...found });
      // Bun cannot change a server's certificate: another one takes its place, in the same moment.
      const before = server;
      const { port, address: host } = address();
      server = open(found);
      ending.add(before);
      before.close(() => ending.delete(before));
      before.closeIdleConnections();
      await listen(server, host, port);
    },
    stop: async (graceMs) => {
      await Promise.all([server, ...ending].map((one) => stop(one, graceMs)));
      readers.stop();
    },
  };
}

/** @param known a pair that need not be checked again @throws ListenError */
async function readTls(files: TlsFiles, known?: TlsPair): Promise<TlsPair> {
  try {
    const pair = await readPair(files);
    if (!known || !isSamePair(pair, known)) checkPair(pair, files);
    return pair;
  } catch (error) {
    throw error instanceof CertificateError ? new ListenError(error.message) : error;
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      reject(new ListenError(isTaken ? `port ${port} on ${host} is taken` : error.message, { isTaken }));
    });
    server.listen(port, host, resolve);
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection whose answer ends meanwhile is idle from then on, and would be kept alive for
    // another one.
    const looking = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(looking);
      resolve();
    });
    server.closeIdleConnections();
  });
}
