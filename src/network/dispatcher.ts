// A way through the network for undici, on Node: directly or through a proxy, with the CAs that are
// trusted.
import { createSecureContext } from "node:tls";
import { Agent, type Dispatcher, Pool, ProxyAgent } from "undici";
import type { Route } from "./route.ts";

export interface DispatcherOptions
  extends Pick<Agent.Options, "connections" | "pipelining" | "headersTimeout" | "bodyTimeout"> {
  /** Where all requests go; without it they may go anywhere. */
  readonly origin?: string;
  /** How long a connection is waited for, to whoever it goes; ms. */
  readonly connectTimeout?: number;
}

/** Makes a dispatcher for requests with that scheme. */
export function openDispatcher(
  { proxy, certificates }: Route,
  protocol: string,
  { origin, connectTimeout, ...options }: DispatcherOptions = {},
): Dispatcher {
  // Made once: some 150 certificates take milliseconds, which each connection would.
  const trust =
    certificates === undefined ? {} : { secureContext: createSecureContext({ ca: [...certificates] }) };
  const connect = { ...trust, ...(connectTimeout !== undefined && { timeout: connectTimeout }) };
  if (proxy === undefined)
    return origin === undefined
      ? new Agent({ ...options, connect })
      : new Pool(origin, { ...options, connect });
  return new ProxyAgent({
    ...options,
    uri: proxy.origin,
    ...(proxy.authorization !== undefined && { token: proxy.authorization }),
    requestTls: connect,
    proxyTls: connect,
    // Plain HTTP is handed to the proxy as it is, as every other client does; many proxies let
    // CONNECT to port 443 alone.
    proxyTunnel: protocol === "https:",
  });
}
