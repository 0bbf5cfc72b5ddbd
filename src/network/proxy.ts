// Which proxy a request goes through, if any: the variables that curl and Go know, and the
// addresses that no proxy is ever asked for. Pure.
import { BlockList, isIP } from "node:net";
import { NetworkFailure } from "./failure.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HttpProxy {
  /** The variable that names it. */
  readonly variable: string;
  /** Scheme, host and port: fit to be shown. */
  readonly origin: string;
  /** The value of Proxy-Authorization, for the user and password in the variable's URL. */
  readonly authorization: string | undefined;
}

/**
 * By the request's scheme, in the order in which they count. Lower case first, as curl has it; what
 * is empty is not set.
 */
const VARIABLES = {
  "http:": ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
  "https:": ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
} as const;

/** Every variable that says something of proxies. */
export const PROXY_VARIABLES: readonly string[] = [
  ...new Set(Object.values(VARIABLES).flat()),
  "no_proxy",
  "NO_PROXY",
];

/**
 * What no proxy can stand in for: this host itself, and what its own link has alone. Among the
 * latter are EC2's metadata service (169.254.169.254, fd00:ec2::254), ECS's and EKS's credentials
 * (169.254.170.2, 169.254.170.23, fd00:ec2::23): a proxy would ask its own.
 */
const NEAR = new BlockList();
NEAR.addSubnet("127.0.0.0", 8, "ipv4");
NEAR.addAddress("0.0.0.0", "ipv4");
NEAR.addSubnet("169.254.0.0", 16, "ipv4");
NEAR.addAddress("::", "ipv6");
NEAR.addAddress("::1", "ipv6");
NEAR.addSubnet("fe80::", 10, "ipv6");
NEAR.addSubnet("fd00:ec2::", 32, "ipv6");
NEAR.addSubnet("::ffff:127.0.0.0", 104, "ipv6");
NEAR.addSubnet("::ffff:169.254.0.0", 112, "ipv6");

/**
 * Finds the proxy for a URL.
 *
 * @throws NetworkFailure for a variable that names no HTTP proxy; its value, which may hold a
 *   password, is not shown
 */
export function findProxy(url: URL, env: Environment): HttpProxy | undefined {
  const names = VARIABLES[url.protocol as keyof typeof VARIABLES] ?? [];
  const variable = names.find((name) => env[name]);
  if (variable === undefined) return undefined;
  const host = hostOf(url);
  if (isNear(host) || isExcepted(host, portOf(url), env.no_proxy || env.NO_PROXY || "")) return undefined;
  return parseProxy(variable, env[variable] ?? "");
}

/**
 * Tells whether no proxy is ever asked for a host. @param host a name, or an address without
 * brackets
 */
export function isNear(host: string): boolean {
  const family = isIP(host);
  if (family !== 0) return NEAR.check(host, family === 4 ? "ipv4" : "ipv6");
  return /(?:^|\.)localhost$/.test(host);
}

function parseProxy(variable: string, value: string): HttpProxy {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.hostname === "" || !/^https?:$/.test(url.protocol)) {
    const isSocks = url !== undefined && /^socks/.test(url.protocol);
    const what = isSocks ? "a SOCKS proxy, and Rollcall speaks with HTTP proxies alone" : "no proxy";
    throw new NetworkFailure(
      `${variable} names ${what}; write http://HOST:PORT, or name this host in NO_PROXY to go there directly`,
      { isFinal: true },
    );
  }
  const isNamed = url.username !== "" || url.password !== "";
  const pair = isNamed ? `${decode(url.username)}:${decode(url.password)}` : "";
  return {
    variable,
    origin: url.origin,
    authorization: isNamed ? `Basic ${Buffer.from(pair).toString("base64")}` : undefined,
  };
}

/** A `%` that is no escape stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Tells whether NO_PROXY names a host: `*`; a name, which stands for those below it as well, with
 * or without a dot in front; an address; a network such as 10.0.0.0/8; each but `*` and networks
 * also with a port. No name is looked up.
 */
export function isExcepted(host: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some(
      (entry) => entry !== "" && (entry === "*" || isNetworkOf(entry, host) || isEntryOf(entry, host, port)),
    );
}

function isNetworkOf(entry: string, host: string): boolean {
  const [, network = "", bits = ""] = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
  const [family, hostFamily] = [isIP(network), isIP(host)];
  if (family === 0 || family !== hostFamily || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}

function isEntryOf(entry: string, host: string, port: string): boolean {
  const { name, wantedPort } = splitPort(entry);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const family = isIP(name);
  if (family !== 0) {
    if (family !== isIP(host)) return false;
    const list = new BlockList();
    list.addAddress(name, family === 4 ? "ipv4" : "ipv6");
    return list.check(host, family === 4 ? "ipv4" : "ipv6");
  }
  if (isIP(host) !== 0) return false;
  const domain = name.replace(/^\*?\./, "").replace(/\.$/, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

/** `name:80`, `10.0.0.1:80`, `[::1]:80`; an IPv6 address without brackets has no port. */
function splitPort(entry: string): { readonly name: string; readonly wantedPort: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return { name: bracketed[1] ?? "", wantedPort: bracketed[2] };
  if (isIP(entry) !== 0) return { name: entry, wantedPort: undefined };
  const [, name = entry, wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  return { name, wantedPort };
}

function hostOf({ hostname }: URL): string {
  return bracketless(hostname).replace(/\.$/, "");
}

/** A URL's host as name or address: IPv6 addresses stand in brackets there. */
export function bracketless(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}
