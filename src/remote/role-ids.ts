// The setting that tells hosts the ids of their roles, where they cannot ask STS for them. Pure.

/** A role, and its id. */
export interface RoleId {
  /** Undefined where the id counts for whatever role the host has. */
  readonly role: { readonly account: string; readonly name: string } | undefined;
  /** `AROA…` */
  readonly id: string;
}

/** IAM, "Unique identifiers": of a role. */
export const ROLE_ID = /^AROA[A-Z0-9]{12,124}$/;

const NAMED = /^(\d{12})\/([\w+=,.@-]{1,64})=(AROA[A-Z0-9]{12,124})$/;

/** For people. */
export const ROLE_IDS_FORM =
  "write AROA…, or ACCOUNT/ROLE=AROA… for each role, split by commas, as rollcall-hosts puts out";

/**
 * Reads the setting: one id, or a list of roles with theirs.
 *
 * @returns undefined where it is neither, or names a role twice
 */
export function parseRoleIds(text: string): readonly RoleId[] | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const [only = ""] = parts;
  if (parts.length === 1 && ROLE_ID.test(only)) return [{ role: undefined, id: only }];
  const found: RoleId[] = [];
  for (const part of parts) {
    const [, account = "", name = "", id] = NAMED.exec(part) ?? [];
    if (id === undefined || findRoleId(found, { account, name }) !== undefined) return undefined;
    found.push({ role: { account, name }, id });
  }
  return found.length > 0 ? found : undefined;
}

/** The id of a role; undefined where the setting has none for it. */
export function findRoleId(
  ids: readonly RoleId[],
  { account, name }: { readonly account: string; readonly name: string },
): string | undefined {
  return ids.find(({ role }) => !role || (role.account === account && role.name === name))?.id;
}
