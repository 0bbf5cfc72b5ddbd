// The way that a request takes: through which proxy, and whose certificates count on it.
import { CA_ADVICE, type FailureContext, toFailure } from "./failure.ts";
import { type Environment, findProxy, type HttpProxy } from "./proxy.ts";
import { readTrust, type Trust } from "./trust.ts";

export interface Route {
  readonly proxy: HttpProxy | undefined;
  /** PEM, all that count; undefined: those that the runtime trusts by itself. */
  readonly certificates: readonly string[] | undefined;
  /** What is wrong with files that name CAs. */
  readonly faults: readonly string[];
  /** For what fails on it. */
  readonly context: FailureContext;
}

/** CAs that count in the place of all others, and who named them. */
export interface CustomTrust {
  readonly certificates: readonly string[];
  readonly variable: string;
}

export const IS_BUN = "bun" in process.versions;

/** Read once a process, as both runtimes do. */
const TRUSTS = new Map<string, Trust>();

let warn: (warning: string) => void = () => undefined;

/** Names who is told of files with certificates that cannot be used. */
export function setWarningListener(told: (warning: string) => void): void {
  warn = told;
}

/**
 * Finds the way.
 *
 * @param own as AWS_CA_BUNDLE names them
 * @throws NetworkFailure for a variable that names no proxy
 */
export function findRoute(url: URL, env: Environment, own?: CustomTrust): Route {
  const proxy = findProxy(url, env);
  const isSecure = url.protocol === "https:" || proxy?.origin.startsWith("https:");
  const host = url.hostname;
  if (!isSecure) return { proxy, certificates: undefined, faults: [], context: { proxy, host } };
  if (own) {
    const caAdvice = `name the CA's file in ${own.variable}, which is set and counts alone`;
    return { proxy, certificates: own.certificates, faults: [], context: { proxy, host, caAdvice } };
  }
  const { certificates, faults } = findTrust(env);
  const texts = faults.map(({ text }) => text);
  const caAdvice = [CA_ADVICE, ...texts].join("; ");
  return { proxy, certificates, faults: texts, context: { proxy, host, caAdvice } };
}

function findTrust(env: Environment): Trust {
  const name = `${env.NODE_EXTRA_CA_CERTS ?? ""}\0${env.SSL_CERT_FILE ?? ""}`;
  const known = TRUSTS.get(name);
  if (known) return known;
  const trust = readTrust(env, IS_BUN);
  TRUSTS.set(name, trust);
  for (const { text, isTold } of trust.faults) if (!isTold) warn(`${text}; it is passed over`);
  return trust;
}

/** Whether an error is no failure of the network, but the caller's own end. */
export function isAborted(error: unknown, signal: AbortSignal | null | undefined): boolean {
  return (
    signal?.aborted === true ||
    (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError"))
  );
}

/** The failure of a request on a route. */
export function failOn({ context }: Route, error: unknown) {
  return toFailure(error, context);
}
