// fetch as Rollcall means it, the same on Node and in the executable: proxies and CAs as the
// environment says, failures in words.
import http from "node:http";
import https from "node:https";
import { describeProxyStatus, NetworkFailure } from "./failure.ts";
import { type Environment, PROXY_VARIABLES } from "./proxy.ts";
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
        throw new NetworkFailure(words, { isFinal });
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
