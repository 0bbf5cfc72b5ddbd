// rollcall store init: sets up what a store lies in, a bucket or a folder, and says what it did.

import { sanitizeLine } from "../../report/safe-text.ts";
import type { Setup, SetupOutcome, SetupStep } from "../../store/bucket-setup.ts";
import { openStore } from "../../store/open.ts";
import { StoreError, StoreMissing } from "../../store/store.ts";
import { CommandError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { findStoreUrl } from "../settings/target.ts";
import { layOutTable, styleTable } from "../terminal/table.ts";

export interface StoreInitOptions extends Flags {
  readonly topLevel?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const WORDS: Readonly<Record<SetupOutcome, string>> = {
  set: "set",
  would_set: "would be set",
  already_so: "already so",
  not_supported: "not supported by this server",
  left_out: "left out",
  denied: "denied",
  failed: "failed",
};

/**
 * Sets up the store. A table on a terminal, JSON in a pipe. @throws CommandError if anything was
 * denied or failed, after all else was done
 */
export async function runStoreInit(
  { topLevel = false, dryRun = false, json, ...flags }: StoreInitOptions,
  io: Io,
): Promise<void> {
  const url = findStoreUrl(await readSettings(flags, io), io);
  const setup = await setUp(url, { topLevel, dryRun }, io);
  if (json || !io.stdout.isTerminal) {
    const { steps, warnings } = setup;
    await io.stdout.write(`${JSON.stringify({ dry_run: dryRun, steps, warnings }, null, 2)}\n`);
  } else {
    const rows = setup.steps.map((step) => [step.step, describe(step)]);
    await io.stdout.writeStyled(
      `${styleTable(layOutTable(["STEP", "OUTCOME"], rows, io.stdout.columns), io)}\n`,
    );
  }
  for (const warning of setup.warnings) await io.stderr.write(`warning: ${sanitizeLine(warning)}\n`);
  const open = setup.steps.filter(({ outcome }) => outcome === "denied" || outcome === "failed");
  if (open.length > 0) throw new CommandError(adviseOn(open));
}

async function setUp(
  url: string,
  { topLevel, dryRun }: { topLevel: boolean; dryRun: boolean },
  io: Io,
): Promise<Setup> {
  try {
    if (/^s3:/i.test(url)) {
      const [{ setUpBucket }, { parseS3Url }] = await Promise.all([
        import("../../store/bucket-setup.ts"),
        import("../../store/s3-url.ts"),
      ]);
      return await setUpBucket({ location: parseS3Url(`s3${url.slice(2)}`), env: io.env, topLevel, dryRun });
    }
    if (/^memory:/i.test(url))
      throw new CommandError("memory: ends with its process, so there is nothing to set up");
    return await setUpFolder(url, dryRun, io);
  } catch (error) {
    if (error instanceof StoreError) throw new CommandError(error.message);
    throw error;
  }
}

/** Makes the folder. Nothing else is needed: those who serve it sweep it. */
async function setUpFolder(url: string, dryRun: boolean, io: Io): Promise<Setup> {
  const sweep: SetupStep = {
    step: "expiry after a day",
    outcome: "left_out",
    detail: "rollcall serve and rollcall start sweep the folder every hour",
  };
  const finish = (outcome: SetupOutcome): Setup => ({
    steps: [{ step: "folder", outcome }, sweep],
    warnings: [],
  });
  const options = { clock: io.clock, cwd: io.cwd };
  try {
    await (await openStore(url, { ...options, mustExist: true })).close?.();
    return finish("already_so");
  } catch (error) {
    if (!(error instanceof StoreMissing)) throw error;
  }
  if (dryRun) return finish("would_set");
  await (await openStore(url, options)).close?.();
  return finish("set");
}

function describe({ outcome, needs, detail }: SetupStep): string {
  const more = needs === undefined ? detail : `needs ${needs}`;
  return sanitizeLine(WORDS[outcome] + (more === undefined ? "" : `: ${more}`));
}

function adviseOn(open: readonly SetupStep[]): string {
  const actions = open.flatMap(({ needs }) => needs ?? []);
  const failed = open
    .filter(({ outcome }) => outcome === "failed")
    .map(({ step, detail = "" }) => `${step} (${detail})`);
  const words = [
    ...(actions.length > 0 ? [`give this identity ${actions.join(", ")}`] : []),
    ...(failed.length > 0 ? [`see to ${failed.join(", ")}`] : []),
  ];
  return sanitizeLine(`the store is not wholly set up: ${words.join("; ")}; then run this again`);
}
