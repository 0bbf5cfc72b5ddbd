// The functions that AWS Lambda runs to answer API Gateway, in two ways: as a stream, and whole.
import type { Logger } from "pino";
import * as z from "zod";
import { createClones } from "../access/clones.ts";
import { createHistory } from "../history/history.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels, type Labels, labelRulesSchema } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import { DEFAULT_WINDOW_MS } from "../report/limits.ts";
import { splitList } from "../report/list-text.ts";
import { parseJson } from "../report/parse-json.ts";
import type { OpenStores } from "../store/open.ts";
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
import { clock, log, once, openRoll, readDuration } from "./lambda-function.ts";
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

/** How often an open page asks again, where each question is an invocation; s. */
const PAGE_POLL_S = 30;

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

async function openApp(stores: OpenStores, limitBytes: number, logger: Logger) {
  const { store } = stores;
  const walls = readGatewayWalls(process.env, clock);
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
    past: createPast(createHistory({ store, clock })),
    windowMs: readDuration("ROLLCALL_WITHIN", DEFAULT_WINDOW_MS),
    deadlineMs: DEADLINE_MS,
    corsOrigins: splitList(process.env.ROLLCALL_CORS_ORIGIN),
    page: await loadPage({ pollSeconds: PAGE_POLL_S }),
  };
  const app = createApp({ ...services, overflow }, createReadRoutes());
  return { overflow, app, walls };
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
