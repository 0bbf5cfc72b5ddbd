// A way through the network for undici, on Node: directly or through a proxy, with the CAs that are
// trusted.
import { isIP, type LookupFunction } from "node:net";
import { createSecureContext } from "node:tls";
import { Agent, type Dispatcher, Pool, ProxyAgent } from "undici";
import type { Route } from "./route.ts";

export interface DispatcherOptions
  extends Pick<Agent.Options, "connections" | "pipelining" | "headersTimeout" | "bodyTimeout"> {
  /** Where all requests go; without it they may go anywhere. */
  readonly origin?: string;
  /** How long a connection is waited for, to whoever it goes; ms. */
  readonly connectTimeout?: number;
  /** Where hosts are, whatever their names say; the certificate is checked by the name. */
  readonly addresses?: readonly string[];
}

/** For a proxy's answer to CONNECT: it connects itself before it gives one. */
const TUNNEL_TIMEOUT_MS = 20_000;

/** As net.connect asks for it: all at once, or one. */
function lookUpIn(addresses: readonly string[]): LookupFunction {
  return (host, { all = false }, callback) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = found;
    if (!first) callback(Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" }), "");
    else if (all) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

/** Makes a dispatcher for requests with that scheme. */
export function openDispatcher(
  { proxy, certificates }: Route,
  protocol: string,
  { origin, connectTimeout, addresses, ...options }: DispatcherOptions = {},
): Dispatcher {
  // Made once: some 150 certificates take milliseconds, which each connection would.
  const trust =
    certificates === undefined ? {} : { secureContext: createSecureContext({ ca: [...certificates] }) };
  const connect = {
    ...trust,
    ...(connectTimeout !== undefined && { timeout: connectTimeout }),
    ...(addresses && { lookup: lookUpIn(addresses) }),
  };
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
    // A proxy that takes the connection and never answers CONNECT would be waited for five minutes.
    clientFactory: (url, own) =>
      new Pool(url, { ...own, headersTimeout: connectTimeout ?? TUNNEL_TIMEOUT_MS }),
  });
}
