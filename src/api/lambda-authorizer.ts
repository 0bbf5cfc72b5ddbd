// The function that AWS Lambda runs for API Gateway where tokens open the API: it knows nothing of
// the store.
import { readGrants, readJwks, SignInFault } from "../access/jwks-settings.ts";
import type { SignInSetting } from "../access/sign-in-settings.ts";
import { createSignedIdentities } from "../access/signed-identity.ts";
import { type AuthorizerAnswer, type AuthorizerEvent, createAuthorizer } from "./gateway-authorizer.ts";

type Authorizer = ReturnType<typeof createAuthorizer>;

/** Those of pino, from the least on. */
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/**
 * Writes lines as the reader's log has them (pino's numbers for levels). pino itself would double
 * the function, which lies in a template that has a bound.
 */
function createLog(least: string) {
  const write = (level: "info" | "error") => (facts: object, msg: string) => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
    const line = { level: (LEVELS.indexOf(level) + 1) * 10, time: new Date().toISOString(), ...facts, msg };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  return { info: write("info"), error: write("error") };
}

/**
 * Between two events the function stands still, and whoever is at the other end of a connection
 * ends it meanwhile: none is kept.
 */
const fetchAnew: typeof fetch = (input, init) =>
  fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), connection: "close" } });

/** The settings are called as a server's: jwtIssuer is ROLLCALL_JWT_ISSUER. */
function nameVariable(setting: SignInSetting): string {
  return `ROLLCALL_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** @throws TypeError that names the variable */
function openAuthorizer(): Authorizer {
  const get = (setting: SignInSetting) => process.env[nameVariable(setting)] || undefined;
  try {
    const source = readJwks(get);
    if (source === undefined) throw new SignInFault("jwtIssuer", "is not set");
    const identities = createSignedIdentities({
      sources: [source],
      grants: readGrants(get),
      clock: () => Date.now(),
      fetch: fetchAnew,
    });
    return createAuthorizer({ identities, log: createLog(process.env.ROLLCALL_LOG_LEVEL || "info") });
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    throw new TypeError(`${nameVariable(error.setting)}: ${error.message}`);
  }
}

let opened: Authorizer | undefined;

/** Answers API Gateway's authorizer events of the type TOKEN. */
export async function authorize(event: AuthorizerEvent): Promise<AuthorizerAnswer> {
  opened ??= openAuthorizer();
  return await opened(event);
}
