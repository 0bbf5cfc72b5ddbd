// Whether and whom EC2's word for an instance's id is taken for proof: the flags --identity-… of rollcall serve.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type IdentityTrust, parseCertificates } from "../api/identity-document.ts";
import { CommandError, UsageError } from "./failure.ts";
import type { Io } from "./io.ts";

export interface IdentityFlags {
  readonly identityCertificates?: string;
  readonly identityAccounts?: string;
}

/** @throws UsageError for one flag without the other, CommandError if the certificates cannot be read */
export async function readIdentityTrust(options: IdentityFlags, io: Io): Promise<IdentityTrust | undefined> {
  const { identityCertificates: file, identityAccounts: list } = options;
  if (file === undefined && list === undefined) return undefined;
  if (file === undefined || list === undefined)
    throw new UsageError("--identity-certificates and --identity-accounts go together");
  const accounts = list.split(",").map((account) => account.trim());
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined) throw new UsageError(`--identity-accounts: ${JSON.stringify(wrong)} is no AWS account id`);
  try {
    return { certificates: parseCertificates(await readFile(resolve(io.cwd, file), "utf8")), accounts };
  } catch (error) {
    throw new CommandError(`cannot read the certificates in ${file}: ${(error as Error).message}`);
  }
}
