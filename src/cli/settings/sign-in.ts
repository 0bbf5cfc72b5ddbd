// Who may sign in to a server, as the settings say: an issuer with published keys, an AWS load
// balancer, and what claims give.
import { isAlbArn, locateAlbKeys } from "../../access/alb-identity.ts";
import type { IdentityOptions } from "../../access/identity-kinds.ts";
import { parseScopeGrants, SCOPE_GRANTS_FORM, type ScopeGrant } from "../../access/scope-grants.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "../../access/signed-token.ts";
import { findKeyAddressFault } from "../../access/signing-keys.ts";
import { splitList } from "../../report/list-text.ts";
import { UsageError } from "../program/failure.ts";
import type { SettingName, Settings } from "./settings.ts";

type ReadSetting = Settings["get"];

export interface SignIn {
  readonly sources: readonly IdentityOptions[];
  readonly grants: readonly ScopeGrant[] | undefined;
}

/** What most issuers sign with. */
const USUAL_ALGORITHMS = "RS256,ES256";

/** Names of headers (RFC 9110, section 5.1). */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;

/** Headers that mean something else, or that whoever asks sets as it likes. */
const OTHER_HEADERS: ReadonlySet<string> = new Set(["cookie", "host", "x-api-key", "x-amzn-oidc-data"]);

/** What is wrong, and with which setting. */
class SignInFault extends Error {
  readonly setting: SettingName;

  constructor(setting: SettingName, message: string) {
    super(message);
    this.setting = setting;
  }
}

/**
 * Reads who may sign in.
 *
 * @returns undefined where nobody may: keys alone count
 * @throws UsageError that names the setting
 */
export function readSignIn({ get, sourceOf }: Pick<Settings, "get" | "sourceOf">): SignIn | undefined {
  try {
    return parseSignIn(get);
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    throw new UsageError(`${sourceOf(error.setting)}: ${error.message}`);
  }
}

/** The first mistake, for whoever checks a file. */
export function findSignInFault(get: ReadSetting): { setting: SettingName; message: string } | undefined {
  try {
    parseSignIn(get);
    return undefined;
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return { setting: error.setting, message: error.message };
  }
}

/** @throws SignInFault */
function parseSignIn(get: ReadSetting): SignIn | undefined {
  const sources = [readJwks(get), readAlb(get)].filter((one) => one !== undefined);
  const grants = get("signInScopes");
  if (sources.length === 0) {
    if (grants !== undefined) refuse("signInScopes", "goes with --jwt-issuer or --alb-signer");
    return undefined;
  }
  if (grants === undefined) return { sources, grants };
  const parsed = parseScopeGrants(splitList(grants));
  // With none at all nobody could do anything, which nobody means.
  if (parsed === undefined || parsed.length === 0) refuse("signInScopes", SCOPE_GRANTS_FORM);
  return { sources, grants: parsed };
}

function readJwks(get: ReadSetting): IdentityOptions | undefined {
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

function readAlgorithms(get: ReadSetting): readonly SignatureAlgorithm[] {
  const names = splitList(get("jwtAlgorithms") ?? USUAL_ALGORITHMS);
  if (names.length === 0) refuse("jwtAlgorithms", "names none");
  return names.map(
    (name) =>
      SIGNATURE_ALGORITHMS.find((one) => one === name) ??
      refuse("jwtAlgorithms", `${JSON.stringify(name)} is none of ${SIGNATURE_ALGORITHMS.join(", ")}`),
  );
}

function readAlb(get: ReadSetting): IdentityOptions | undefined {
  const signers = splitList(get("albSigner"));
  if (signers.length === 0) {
    for (const name of ["albClient", "albKeys"] as const)
      if (get(name) !== undefined) refuse(name, "goes with --alb-signer");
    return undefined;
  }
  const keysAddress = get("albKeys");
  checkAddress("albKeys", keysAddress);
  for (const signer of signers) {
    if (!isAlbArn(signer))
      refuse("albSigner", `${JSON.stringify(signer)} is no ARN of an Application Load Balancer`);
    if (keysAddress === undefined && locateAlbKeys(signer) === undefined)
      refuse("albSigner", `where the keys of ${signer} are is not known here; say it with --alb-keys`);
  }
  return { kind: "aws-alb", signers, clients: splitList(get("albClient")), keysAddress };
}

function checkAddress(name: SettingName, address: string | undefined): void {
  const fault = address === undefined ? undefined : findKeyAddressFault(address);
  if (fault !== undefined) refuse(name, `the address ${fault}`);
}

function refuse(name: SettingName, what: string): never {
  throw new SignInFault(name, what);
}
