// fetch as Rollcall means it, the same on Node and in the executable: proxies and CAs as the
// environment says, failures in words.
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { describeProxyStatus, NetworkFailure } from "./failure.ts";
import { bracketless, type Environment, PROXY_VARIABLES } from "./proxy.ts";
import {
  type CustomTrust,
  failOn,
  findRoute,
  IS_BUN,
  isAborted,
  type Route,
  setWarningListener,
} from "./route.ts";

/**
 * The runtime's own, which goes nowhere but directly once takeOver has been called: for addresses
 * that are this host's own business.
 */
export const fetchDirectly: typeof fetch = globalThis.fetch;

/** As it was before the proxies' variables were taken out. */
let environment: Environment = process.env;

/**
 * Takes the network over, once, when the process begins: from then on the global fetch, which
 * libraries use too, is ours.
 *
 * Bun's own fetch reads the proxies' variables by itself, and Node from 22.21 where
 * NODE_USE_ENV_PROXY is set: each in its way, loopback and EC2's metadata service included. So they
 * are taken out of the environment, and who needs them has them from what this returns.
 *
 * @returns the environment as it was
 */
export function installFetch(env: NodeJS.ProcessEnv, onWarning: (warning: string) => void): Environment {
  const kept: Environment = { ...env };
  environment = kept;
  for (const name of PROXY_VARIABLES) delete env[name];
  if (!IS_BUN && kept.NODE_USE_ENV_PROXY) {
    // Node has read them already. Its fetch looks at this one again each time, but its agent for
    // node:http does not.
    env.NO_PROXY = "*";
    http.globalAgent = new http.Agent({ keepAlive: true, timeout: 5000 });
    https.globalAgent = new https.Agent({ keepAlive: true, timeout: 5000 });
  }
  setWarningListener(onWarning);
  globalThis.fetch = createFetch(kept);
  return kept;
}

/**
 * Asks a host at addresses that whoever calls has found for it and judged: the name is not looked
 * up a second time, which may give others. Where a proxy carries the request, the proxy looks the
 * name up, in its own network, and the addresses count for nothing.
 *
 * @throws as the fetch of the process does
 */
export async function fetchAt(
  url: URL,
  addresses: readonly string[],
  init: Pick<RequestInit, "redirect" | "signal" | "headers">,
): Promise<Response> {
  const route = findRoute(url, environment);
  const isNamed = isIP(bracketless(url.hostname)) === 0;
  if (route.proxy !== undefined || !isNamed) return await fetch(url, init);
  try {
    if (IS_BUN) return await fetchOneOf(url, addresses, { ...init, ...makeBunWay(route) });
    const { openDispatcher } = await import("./dispatcher.ts");
    const way: object = { dispatcher: openDispatcher(route, url.protocol, { addresses }) };
    return await fetchDirectly(url, { ...init, ...way });
  } catch (error) {
    throw isAborted(error, init.signal) ? error : failOn(route, error);
  }
}

/**
 * Bun has no hook for looking names up. It greets, and checks the certificate, by the Host header
 * where one is given.
 */
async function fetchOneOf(url: URL, addresses: readonly string[], init: RequestInit): Promise<Response> {
  let failure: unknown = new NetworkFailure(`${url.hostname} has no address`);
  for (const address of addresses) {
    const there = new URL(url);
    there.hostname = isIP(address) === 6 ? `[${address}]` : address;
    const headers = new Headers(init.headers);
    headers.set("host", url.host);
    try {
      return await fetchDirectly(there, { ...init, headers });
    } catch (error) {
      if (isAborted(error, init.signal)) throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * Makes a fetch. It throws what ended it where the caller's signal did, and else NetworkFailure.
 *
 * @param own CAs that count in the place of all others
 */
export function createFetch(env: Environment, own?: CustomTrust): typeof fetch {
  const ways = new Map<string, Promise<object>>();

  /** What is added to the request's options. */
  function findWay(route: Route, protocol: string): Promise<object> | object {
    if (IS_BUN) return makeBunWay(route);
    const { proxy, certificates } = route;
    if (proxy === undefined && certificates === undefined) return {};
    const name = `${protocol}${proxy?.origin ?? ""} ${proxy?.authorization ?? ""}`;
    const known = ways.get(name);
    if (known !== undefined) return known;
    // undici takes a tenth of a second to load, and most requests need nothing of it.
    const way = import("./dispatcher.ts").then(({ openDispatcher }) => ({
      dispatcher: openDispatcher(route, protocol),
    }));
    ways.set(name, way);
    return way;
  }

  const ownFetch = async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const route = findRoute(url, env, own);
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    try {
      const response = await fetchDirectly(input, { ...(await findWay(route, url.protocol)), ...init });
      if (route.proxy && response.status === 407) {
        const { words, isFinal } = describeProxyStatus(407, route.proxy);
        throw new NetworkFailure(words, { isFinal, hop: "proxy" });
      }
      return response;
    } catch (error) {
      throw isAborted(error, signal) ? error : failOn(route, error);
    }
  };
  return ownFetch as typeof fetch;
}

/** Bun, "fetch": `proxy` with headers for the proxy itself, and `tls`. */
function makeBunWay({ proxy, certificates }: Route): object {
  const headers = proxy?.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization };
  return {
    ...(proxy && { proxy: { url: proxy.origin, headers } }),
    ...(certificates && { tls: { ca: certificates } }),
  };
}
