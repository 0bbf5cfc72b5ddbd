// Who may sign in to rollcall serve and start: opened as the settings say.
import type { Logger } from "pino";
import { SIGN_IN_SETTINGS } from "../../access/sign-in-settings.ts";
import type { SignedIdentities } from "../../access/signed-identity.ts";
import { createFetch } from "../../network/fetch.ts";
import type { Io } from "../program/io.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * Opens sign-in, and gets the issuer's keys, so that the log says early what is wrong with them.
 *
 * @returns undefined where keys alone count
 * @throws UsageError
 */
export async function openSignIn(
  settings: Settings,
  log: Logger,
  io: Io,
): Promise<SignedIdentities | undefined> {
  if (SIGN_IN_SETTINGS.every((name) => settings.get(name) === undefined)) return undefined;
  // What checks signatures is loaded where it is used alone.
  const { readSignIn } = await import("../settings/sign-in.ts");
  const { createSignedIdentities } = await import("../../access/signed-identity.ts");
  const signIn = readSignIn(settings);
  if (signIn === undefined) return undefined;
  const identities = createSignedIdentities({ ...signIn, clock: io.clock, fetch: createFetch(io.env) });
  identities
    .prepare()
    .catch((err: unknown) =>
      log.error({ err }, "nobody can sign in until the issuer's keys are there; keys work meanwhile"),
    );
  return identities;
}
