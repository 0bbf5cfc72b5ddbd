// The Node door: carries requests from a socket to the application, and stops without cutting answers short.
import { readFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { HotAnswers } from "./hot-answers.ts";

export interface ListenOptions {
  /** An address such as 127.0.0.1 or ::1; not a name, so that what is opened is what was written. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** PEM files. With them the server speaks TLS alone. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** A proxy in front ends TLS; without this flag, plain HTTP stays on loopback. */
  readonly behindProxy?: boolean;
  /** Asked first. */
  readonly hotAnswers?: HotAnswers;
}

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8787`. */
  readonly url: string;
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
 * @throws ListenError for an address that is not loopback with neither TLS nor behindProxy; a port that is taken; TLS files that cannot be read
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
  const timeouts = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS };
  const server = tls
    ? createHttpsServer({ ...timeouts, ...(await readTls(tls)) }, listener)
    : createHttpServer(timeouts, listener);
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  const { port: actualPort } = server.address() as AddressInfo;
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls ? "https" : "http"}://${shownHost}:${actualPort}`,
    stop: (graceMs) => stop(server, graceMs),
  };
}

/** 127.0.0.0/8 and ::1, and the name that means them. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    return { cert: await readFile(certFile), key: await readFile(keyFile) };
  } catch (error) {
    throw new ListenError(`cannot read the TLS files: ${error instanceof Error ? error.message : String(error)}`);
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
