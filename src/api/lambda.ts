// The functions that AWS Lambda runs: the reader, in two ways of answering API Gateway, and the one
// that keeps the snapshot.
import { type Logger, pino } from "pino";
import * as z from "zod";
import { createClones } from "../access/clones.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels, type Labels, labelRulesSchema } from "../questions/labels.ts";
import { parseSpan } from "../questions/query.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { splitList } from "../report/list-text.ts";
import { parseJson } from "../report/parse-json.ts";
import { createRoll } from "../roll/roll.ts";
import type { SnapshotMode } from "../roll/snapshot.ts";
import { type OpenStores, openBeside, openStore } from "../store/open.ts";
import { createApp } from "./app.ts";
import { loadPage } from "./built-page.ts";
import type { GatewayAnswer, GatewayEvent, GatewayHead } from "./gateway-event.ts";
import {
  type AnswerStream,
  answerBuffered,
  answerStreamed,
  createGatewayKeyring,
  MAX_LAMBDA_PAYLOAD_BYTES,
  MAX_STREAMED_BYTES,
} from "./gateway-handler.ts";
import { readGatewayWalls } from "./gateway-walls.ts";
import { createOverflow } from "./overflow.ts";
import { createReadRoutes } from "./read-routes.ts";

/**
 * Lambda's runtime for Node sets it (AWS, "Writing response streaming-enabled Lambda functions").
 */
declare const awslambda: {
  streamifyResponse(handler: (event: GatewayEvent, stream: AnswerStream) => Promise<void>): unknown;
  readonly HttpResponseStream: { from(stream: AnswerStream, head: GatewayHead): AnswerStream };
};
declare const ROLLCALL_VERSION: string;

/** How long a question may wait for the store; below the 29 s after which API Gateway gives up. */
const DEADLINE_MS = 25_000;

/** How old the listing behind an answer may be where the settings do not say; ms. */
const MAX_LISTING_AGE_MS = 10_000;

/** The refresher comes once a minute. */
const SAVE_EVERY_MS = 50_000;

const clock = () => Date.now();

const log = pino(
  { level: process.env.ROLLCALL_LOG_LEVEL ?? "info", base: null, timestamp: pino.stdTimeFunctions.isoTime },
  { write: (line) => process.stdout.write(line) },
);

/** As the settings of the same names are read. @throws QueryError that names the setting */
function readDuration(name: "ROLLCALL_WITHIN" | "ROLLCALL_MAX_AGE", usual: number): number {
  const text = process.env[name];
  return text === undefined || text === "" ? usual : parseSpan(text, name);
}

/**
 * Rules for labels, as JSON; those that are built in where it is not set. @throws TypeError that
 * names the setting
 */
function readLabels(): Labels {
  const text = process.env.ROLLCALL_LABELS;
  if (text === undefined || text === "") return compileLabels(BUILT_IN_RULES);
  const rules = labelRulesSchema.safeParse(parseJson(text));
  if (!rules.success)
    throw new TypeError(`ROLLCALL_LABELS: ${z.prettifyError(rules.error).replaceAll("\n", " ")}`);
  return compileLabels(rules.data);
}

/** Between two events the process stands still, so nothing may be begun that nobody waits for. */
function openRoll(
  { store, alsoRead }: OpenStores,
  snapshot: SnapshotMode,
  onNotice: (notice: string, error?: unknown) => void,
) {
  const maxAgeMs = readDuration("ROLLCALL_MAX_AGE", MAX_LISTING_AGE_MS);
  return createRoll({
    store,
    alsoRead,
    clock,
    maxAgeMs,
    snapshot,
    snapshotEveryMs: SAVE_EVERY_MS,
    refreshesAhead: false,
    onNotice,
  });
}

async function openApp(stores: OpenStores, limitBytes: number, logger: Logger) {
  const { store } = stores;
  const walls = readGatewayWalls(process.env);
  const overflow = createOverflow({ store, clock, limitBytes });
  const services = {
    store,
    roll: openRoll(stores, "use", (notice, err) => logger.warn({ err }, notice)),
    keyring: createGatewayKeyring(walls.callerKind),
    clones: createClones({ clock }),
    clock,
    log: logger,
    version: ROLLCALL_VERSION,
    labels: readLabels(),
    windowMs: readDuration("ROLLCALL_WITHIN", DEFAULT_WINDOW_MS),
    deadlineMs: DEADLINE_MS,
    corsOrigin: process.env.ROLLCALL_CORS_ORIGIN || undefined,
    page: await loadPage(),
  };
  const app = createApp({ ...services, overflow }, createReadRoutes());
  return { overflow, app, walls };
}

/** Begun while Lambda still starts the function, when it gives it most of a processor. */
const opening = openStores();
// Whoever waits for it hears of a failure.
opening.catch(() => undefined);

async function openStores(): Promise<OpenStores> {
  const store = await openStore(process.env.ROLLCALL_STORE ?? "", { clock });
  return await openBeside(store, splitList(process.env.ROLLCALL_ALSO_READ), { clock });
}

/** Runs once, at the first event: a function has one of the handlers only. */
function once<T>(open: (stores: OpenStores) => T | Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= opening.then(open);
    return opened;
  };
}

const whole = once((stores) => openApp(stores, MAX_LAMBDA_PAYLOAD_BYTES, log));
const streamed = once((stores) => openApp(stores, MAX_STREAMED_BYTES, log));

/** Answers API Gateway's events whole. */
export async function readBuffered(event: GatewayEvent): Promise<GatewayAnswer> {
  const { overflow, ...behind } = await whole();
  return await answerBuffered(event, behind, overflow);
}

/**
 * Answers API Gateway's events as a stream (AWS, "Set up a Lambda proxy integration with payload
 * response streaming").
 */
export const read = awslambda.streamifyResponse(async (event, stream) => {
  const behind = await streamed();
  await answerStreamed(event, behind, (head) => awslambda.HttpResponseStream.from(stream, head));
});

const refresher = once((stores) => {
  const troubles: unknown[] = [];
  return {
    troubles,
    roll: openRoll(stores, "keep", (notice, cause) => {
      // What has no cause is no failure: a clock that is off, a store where no snapshot is kept.
      if (cause === undefined) log.warn(notice);
      else troubles.push(new Error(notice, { cause }));
    }),
  };
});

/**
 * Brings the snapshot up to date. @throws whatever kept it from doing so, so that the function
 * counts as failed
 */
export async function refresh(): Promise<{
  readonly as_of: string;
  readonly reports: number;
  readonly problems: number;
}> {
  const { roll, troubles } = await refresher();
  troubles.length = 0;
  const view = await roll.view();
  await roll.settle();
  if (troubles.length > 0) throw troubles[0];
  const done = {
    as_of: new Date(view.asOf).toISOString(),
    reports: view.reports.rowOf.length,
    problems: view.problemCount,
  };
  log.info(done, "refreshed");
  return done;
}
