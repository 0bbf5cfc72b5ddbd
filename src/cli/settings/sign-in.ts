// Who may sign in to a server, as the settings say: an issuer with published keys, an AWS load
// balancer, and what claims give.
import { isAlbArn, locateAlbKeys } from "../../access/alb-identity.ts";
import type { IdentityOptions } from "../../access/identity-kinds.ts";
import {
  checkAddress,
  type ReadSignInSetting,
  readGrants,
  readJwks,
  refuse,
  SignInFault,
} from "../../access/jwks-settings.ts";
import type { ScopeGrant } from "../../access/scope-grants.ts";
import { splitList } from "../../report/list-text.ts";
import { UsageError } from "../program/failure.ts";
import type { SettingName } from "./setting-list.ts";
import type { Settings } from "./settings.ts";

export interface SignIn {
  readonly sources: readonly IdentityOptions[];
  readonly grants: readonly ScopeGrant[] | undefined;
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
export function findSignInFault(
  get: ReadSignInSetting,
): { setting: SettingName; message: string } | undefined {
  try {
    parseSignIn(get);
    return undefined;
  } catch (error) {
    if (!(error instanceof SignInFault)) throw error;
    return { setting: error.setting, message: error.message };
  }
}

/** @throws SignInFault */
function parseSignIn(get: ReadSignInSetting): SignIn | undefined {
  const sources = [readJwks(get), readAlb(get)].filter((one) => one !== undefined);
  if (sources.length > 0) return { sources, grants: readGrants(get) };
  if (get("signInScopes") !== undefined) refuse("signInScopes", "goes with --jwt-issuer or --alb-signer");
  return undefined;
}

function readAlb(get: ReadSignInSetting): IdentityOptions | undefined {
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
