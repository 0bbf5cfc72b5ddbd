// The Node door: carries requests from a socket to the application, and stops without cutting answers short.
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { CertificateError, checkPair, isSamePair, readPair, type TlsFiles, type TlsPair } from "./certificate.ts";
import type { HotAnswers } from "./hot-answers.ts";

export interface ListenOptions {
  /** An address such as 127.0.0.1 or ::1; not a name, so that what is opened is what was written. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** With them the server speaks TLS alone. */
  readonly tls?: TlsFiles | undefined;
  /** A proxy in front ends TLS; without this flag, plain HTTP stays on loopback. */
  readonly behindProxy?: boolean;
  /** Asked first. */
  readonly hotAnswers?: HotAnswers;
}

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8787`. */
  readonly url: string;
  /**
   * Reads the TLS files again, and greets with them from now on if they are others. Connections that are open stay as they are.
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
}

const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 4096;

/**
 * Starts to listen.
 *
 * @throws ListenError for an address that is not loopback with neither TLS nor behindProxy; a port that is taken; TLS files that cannot be used
 */
export async function startServer(
  app: Hono,
  { host, port, tls, behindProxy = false, hotAnswers }: ListenOptions,
): Promise<RunningServer> {
  if (!isLoopback(host) && !tls && !behindProxy) {
    throw new ListenError(
      `${host} is not loopback, and keys would travel in the clear: give --tls-cert and --tls-key, or --behind-proxy if a proxy in front ends TLS`,
    );
  }
  // HTTP/1.0 needs no Host, and load balancers' health checks send none. Node itself refuses HTTP/1.1 without one.
  const carry = getRequestListener(app.fetch, { hostname: "localhost" });
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    // Its failures are answered by its own error handling; it never rejects.
    if (!hotAnswers?.resend(request, response)) void carry(request, response);
  };
  let pair = tls && (await readTls(tls));
  const door = createDoor(pair, listener);
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

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** The socket that is listened on, and what speaks on it. */
interface Door {
  listen(port: number, host: string): Promise<void>;
  port(): number;
  greetWith(pair: TlsPair): Promise<void>;
  stop(graceMs: number): Promise<void>;
}

function createDoor(pair: TlsPair | undefined, listener: Listener): Door {
  const open = (own: TlsPair | undefined): Server => {
    const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS };
    const opened = own ? createHttpsServer({ ...timeouts, ...own }, listener) : createHttpServer(timeouts, listener);
    opened.maxConnections = MAX_CONNECTIONS;
    return opened;
  };
  let server = open(pair);
  /** Those that only end what they began. */
  const ending = new Set<Server>();
  const address = () => server.address() as AddressInfo;

  return {
    listen: (port, host) => listen(server, host, port),
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
    },
  };
}

/** 127.0.0.0/8 and ::1, and the name that means them. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
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
      const taken =
        error.code === "EADDRINUSE"
          ? `port ${port} on ${host} is taken; choose another with --listen ${host}:PORT`
          : error.message;
      reject(new ListenError(taken));
    });
    server.listen(port, host, resolve);
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
