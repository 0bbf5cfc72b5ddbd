// Whether and whom EC2's word for an instance's id is taken for proof: the flags --identity-… of
// rollcall serve.

import { resolve } from "node:path";
import { createCallerCheck } from "../../access/caller-check.ts";
import type { IdentityTrust } from "../../access/identity.ts";
import { parseCertificates } from "../../access/identity-document.ts";
import { createNonces } from "../../access/nonces.ts";
import { createFetch } from "../../network/fetch.ts";
import { isLoopback } from "../../network/loopback.ts";
import { splitList } from "../../report/list-text.ts";
import { readAwsTrust } from "../../store/aws-trust.ts";
import { type Store, StoreError } from "../../store/store.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "../settings/given-file.ts";

export interface IdentityFlags {
  readonly identityAccounts?: string;
  readonly identityCertificates?: string;
  readonly identityCaller?: string;
  readonly identityRoles?: string;
  readonly identitySts?: string;
}

/** For the log, where --identity-roles is not given. */
export const EVERY_ROLE =
  "every role of the accounts counts, also one whose sessions people may open under " +
  "any name; name those that EC2 alone may assume with --identity-roles";

/**
 * @throws UsageError for flags that do not go together, CommandError if the certificates cannot be
 *   read
 */
export async function readIdentityTrust(
  flags: IdentityFlags,
  store: Store,
  io: Io,
): Promise<IdentityTrust | undefined> {
  const {
    identityCertificates: file,
    identityCaller: servers,
    identityRoles: roles,
    identitySts: endpoints,
  } = flags;
  if (servers === undefined && (roles ?? endpoints) !== undefined)
    throw new UsageError(
      `${roles === undefined ? "--identity-sts" : "--identity-roles"} goes with --identity-caller`,
    );
  const hasWay = file !== undefined || servers !== undefined;
  if (hasWay !== (flags.identityAccounts !== undefined))
    throw new UsageError(
      "--identity-accounts goes with --identity-caller, with --identity-certificates, or with both",
    );
  if (!hasWay) return undefined;
  const accounts = splitList(flags.identityAccounts);
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined || accounts.length === 0)
    throw new UsageError(`--identity-accounts: ${JSON.stringify(wrong ?? "")} is no AWS account id`);
  return {
    accounts,
    certificates: file === undefined ? undefined : await readCertificates(file, io),
    callers: servers === undefined ? undefined : await openCallers(flags, store, io),
  };
}

async function readCertificates(file: string, io: Io): Promise<IdentityTrust["certificates"]> {
  try {
    return parseCertificates(await readGivenText(resolve(io.cwd, file)));
  } catch (error) {
    throw new CommandError(`cannot read the certificates in ${file}: ${(error as Error).message}`);
  }
}

async function openCallers(flags: IdentityFlags, store: Store, io: Io): Promise<IdentityTrust["callers"]> {
  const servers = splitList(flags.identityCaller).map((text) => readOrigin("--identity-caller", text));
  const endpoints = splitList(flags.identitySts).map((text) => readOrigin("--identity-sts", text));
  const roles = flags.identityRoles === undefined ? undefined : splitList(flags.identityRoles);
  const wrong = roles?.find((role) => !/^[\w+=,.@*-]{1,64}$/.test(role));
  if (wrong !== undefined || servers.length === 0 || roles?.length === 0)
    throw new UsageError(
      wrong === undefined
        ? "--identity-caller and --identity-roles need a value"
        : `--identity-roles: ${JSON.stringify(wrong)} is no role's name; write names ` +
            "without paths, * for any run of characters, split by commas",
    );
  try {
    const fetch = createFetch(io.env, await readAwsTrust(io.env));
    return {
      nonces: createNonces({ store, clock: io.clock }),
      findFault: createCallerCheck({ servers, roles, endpoints, fetch }),
    };
  } catch (error) {
    throw error instanceof StoreError ? new CommandError(error.message) : error;
  }
}

/** Scheme, host and port. @throws UsageError */
function readOrigin(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new UsageError(
      `${flag}: ${JSON.stringify(text)} should be an address such as https://rollcall.example.com`,
    );
  if (
    flag === "--identity-sts" &&
    (url.pathname !== "/" || (url.protocol === "http:" && !isLoopback(url.hostname)))
  )
    throw new UsageError(
      `${flag}: ${JSON.stringify(text)} should begin with https:// and have no path; session tokens go there`,
    );
  return url.origin;
}
