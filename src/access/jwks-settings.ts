// An issuer with published keys, and what claims give, as settings say it: a server's, or those of
// the function that API Gateway asks. Pure.
import { splitList } from "../report/list-text.ts";
import type { JwksIdentityOptions } from "./jwks-identity.ts";
import { parseScopeGrants, SCOPE_GRANTS_FORM, type ScopeGrant } from "./scope-grants.ts";
import type { SignInSetting } from "./sign-in-settings.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "./signed-token.ts";
import { findKeyAddressFault } from "./signing-keys.ts";

/** The value of a setting; undefined where it is not set. */
export type ReadSignInSetting = (name: SignInSetting) => string | undefined;

/** What is wrong, and with which setting. */
export class SignInFault extends Error {
  override name = "SignInFault";
  readonly setting: SignInSetting;

  constructor(setting: SignInSetting, message: string) {
    super(message);
    this.setting = setting;
  }
}

/** What most issuers sign with. */
const USUAL_ALGORITHMS = "RS256,ES256";

/** Names of headers (RFC 9110, section 5.1). */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

/** Headers that mean something else, or that whoever asks sets as it likes. */
const OTHER_HEADERS: ReadonlySet<string> = new Set(["cookie", "host", "x-api-key", "x-amzn-oidc-data"]);

/** @returns undefined where no issuer is named @throws SignInFault */
export function readJwks(get: ReadSignInSetting): JwksIdentityOptions | undefined {
  const issuer = get("jwtIssuer");
  if (issuer === undefined) {
    for (const name of ["jwtAudience", "jwtHeader", "jwtKeys", "jwtAlgorithms"] as const)
      if (get(name) !== undefined) refuse(name, "goes with --jwt-issuer");
    return undefined;
  }
  const audiences = splitList(get("jwtAudience"));
  if (audiences.length === 0)
    refuse(
      "jwtIssuer",
      "goes with --jwt-audience: without it a token for another application would open here",
    );
  const keysAddress = get("jwtKeys");
  checkAddress("jwtKeys", keysAddress);
  // Some issuers are no addresses; then their keys have one.
  if (keysAddress === undefined) checkAddress("jwtIssuer", issuer);
  const header = (get("jwtHeader") ?? "authorization").toLowerCase();
  if (!HEADER_NAME.test(header) || OTHER_HEADERS.has(header))
    refuse("jwtHeader", `should be the name of a header that has the token, not ${JSON.stringify(header)}`);
  return { kind: "jwks", issuer, audiences, header, keysAddress, algorithms: readAlgorithms(get) };
}

function readAlgorithms(get: ReadSignInSetting): readonly SignatureAlgorithm[] {
  const names = splitList(get("jwtAlgorithms") ?? USUAL_ALGORITHMS);
  if (names.length === 0) refuse("jwtAlgorithms", "names none");
  return names.map(
    (name) =>
      SIGNATURE_ALGORITHMS.find((one) => one === name) ??
      refuse("jwtAlgorithms", `${JSON.stringify(name)} is none of ${SIGNATURE_ALGORITHMS.join(", ")}`),
  );
}

/** @returns undefined where nothing is said of claims @throws SignInFault */
export function readGrants(get: ReadSignInSetting): readonly ScopeGrant[] | undefined {
  const text = get("signInScopes");
  if (text === undefined) return undefined;
  const grants = parseScopeGrants(splitList(text));
  // With none at all nobody could do anything, which nobody means.
  if (grants === undefined || grants.length === 0) refuse("signInScopes", SCOPE_GRANTS_FORM);
  return grants;
}

/** @throws SignInFault */
export function checkAddress(name: SignInSetting, address: string | undefined): void {
  const fault = address === undefined ? undefined : findKeyAddressFault(address);
  if (fault !== undefined) refuse(name, `the address ${fault}`);
}

export function refuse(name: SignInSetting, what: string): never {
  throw new SignInFault(name, what);
}
