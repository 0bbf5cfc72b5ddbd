// The function that AWS Lambda runs on a schedule: publishes what the variable ROLLCALL_PUBLISHERS
// says, all publishers side by side.

import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import * as z from "zod";
import { createHistory } from "../history/history.ts";
import { createFieldReader } from "../questions/field-values.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels, labelRulesSchema } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import { parseSpan } from "../questions/query.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { splitList } from "../report/list-text.ts";
import { parseJson } from "../report/parse-json.ts";
import { createRoll } from "../roll/roll.ts";
import { SHARED_YIELDER } from "../roll/yielder.ts";
import { openBeside, openStore } from "../store/open.ts";
import { type PublisherConfig, type PublishersConfig, publishersSchema } from "./config.ts";
import { runWithin } from "./limit.ts";
import { readParameter } from "./parameter-store.ts";
import { runPublication } from "./publication.ts";
import type { PublishOutcome } from "./publisher.ts";
import { openPublisher, type ReadSecret } from "./registry.ts";

/** Below the function's own time limit of five minutes; what is left, the next run does. */
const RUN_MS = 4 * 60_000;

/** What a run has after that before it is given up; ms. */
const GRACE_MS = 30_000;

const clock = () => Date.now();

const log = pino(
  { level: process.env.ROLLCALL_LOG_LEVEL ?? "info", base: null, timestamp: pino.stdTimeFunctions.isoTime },
  { write: (line) => process.stdout.write(line) },
);

/** A variable that holds JSON. @throws TypeError that names it */
function readJson<T>(name: string, schema: z.ZodType<T>, usual: T): T {
  const text = process.env[name];
  if (text === undefined || text === "") return usual;
  const value = parseJson(text);
  if (value === undefined) throw new TypeError(`${name} is not JSON`);
  const outcome = schema.safeParse(value);
  if (!outcome.success)
    throw new TypeError(`${name}: ${z.prettifyError(outcome.error).replaceAll("\n", " ")}`);
  return outcome.data;
}

/** How old a fresh report may be. @throws QueryError that names the variable */
function readWindow(): number {
  const text = process.env.ROLLCALL_WITHIN;
  return text === undefined || text === "" ? DEFAULT_WINDOW_MS : parseSpan(text, "ROLLCALL_WITHIN");
}

const readSecret: ReadSecret = async ({ token_parameter: parameter, token_env: variable }) => {
  if (parameter !== undefined) return await readParameter(parameter, { env: process.env, clock });
  return variable === undefined ? undefined : process.env[variable];
};

/**
 * Publishes all. @throws Error if one of them failed, so that the function counts as failed; the
 * others have had their turn
 */
export async function publish(): Promise<Readonly<Record<string, PublishOutcome>>> {
  const publishers = readJson<PublishersConfig>("ROLLCALL_PUBLISHERS", publishersSchema, {});
  const labels = compileLabels(readJson("ROLLCALL_LABELS", labelRulesSchema, [...BUILT_IN_RULES]));
  const windowMs = readWindow();
  const store = await openStore(process.env.ROLLCALL_STORE ?? "", { clock });
  const { alsoRead } = await openBeside(store, splitList(process.env.ROLLCALL_ALSO_READ), { clock });
  const roll = createRoll({ store, alsoRead, clock, snapshot: "use", refreshesAhead: false });
  const deadline = clock() + RUN_MS;
  const outcomes: Record<string, PublishOutcome> = {};
  const failures: unknown[] = [];
  const publishOne = async (
    name: string,
    config: PublisherConfig,
    signal: AbortSignal,
  ): Promise<PublishOutcome> =>
    await runPublication({
      name,
      config,
      publisher: await openPublisher(name, config, readSecret),
      store,
      sources: {
        viewAt: () => roll.view(),
        viewHost: (id, account) => roll.viewHost(id, account),
        labels,
        reader: createFieldReader(),
        windowMs,
        readExpected: async () => ({}),
        // What a server refused at its door, only that server knows.
        clones: { list: () => [] },
        clock,
        past: createPast(createHistory({ store, clock })),
        yielder: SHARED_YIELDER,
      },
      context: {
        clock,
        sleep: (ms, aborted) => wait(ms, undefined, { signal: aborted }),
        random: Math.random,
        signal,
        deadline,
        isDryRun: false,
        onStep: (step) => log.debug({ publisher: name }, step),
        write: async (text) => log.info({ publisher: name }, text),
      },
    });
  // Side by side: one that waits or hangs holds up no other.
  const work = Object.entries(publishers).map(async ([name, config]) => {
    try {
      const signal = new AbortController().signal;
      const outcome = await runWithin(RUN_MS + GRACE_MS, signal, (ends) => publishOne(name, config, ends))
        .outcome;
      outcomes[name] = outcome;
      if (outcome.left === undefined) log.info({ publisher: name, ...outcome }, "published");
      else log.warn({ publisher: name, ...outcome }, "published in part");
    } catch (error) {
      failures.push(error);
      log.error({ publisher: name, err: error }, "publishing failed");
    }
  });
  await Promise.all(work);
  for (const one of [store, ...alsoRead]) await one.close?.();
  if (failures.length > 0) throw failures[0];
  return outcomes;
}
