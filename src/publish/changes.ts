// Publishes changes to a URL: each once, in their order, in bounded messages, from where the last
// run stopped.
import * as z from "zod";
import { formatCursor } from "../questions/change-query.ts";
import { changes, type ShownChanges } from "../questions/changes-question.ts";
import type { Ask } from "./ask.ts";
import { createHttpClient, RetryTooLate } from "./http.ts";
import {
  type ChangePublisher,
  NOTHING_DONE,
  type PublishContext,
  PublishError,
  type PublishOutcome,
} from "./publisher.ts";
import { signBody } from "./webhook.ts";

export interface ChangePublisherOptions {
  readonly url: string;
  /** What signs messages; undefined for none. */
  readonly secret: string | undefined;
  readonly title: string;
}

/** Changes of one message, and messages of one run. */
export const MAX_BATCH_CHANGES = 500;
const MAX_RUN_BATCHES = 1000;

/** A cursor that has gone on by less is not kept where nothing was sent; ms. */
const KEEP_AFTER_MS = 60 * 60_000;

const stateSchema = z.object({ cursor: z.string() });

/** What is sent next. */
interface Batch {
  readonly since: string;
  readonly cursor: string;
  readonly document: ShownChanges;
}

/** Makes the publisher. */
export function changePublisher({ url, secret, title }: ChangePublisherOptions): ChangePublisher {
  const { origin } = new URL(url);
  return {
    kind: "changes",
    async publishChanges(ask, context) {
      const kept = stateSchema.safeParse(context.state.value);
      if (!kept.success) return await begin(ask, context);
      const http = createHttpClient(origin, context);
      const send = async (batch: Batch) => {
        const body = JSON.stringify(formatBatch(title, batch));
        const headers = {
          "user-agent": "rollcall",
          ...(secret !== undefined && { "rollcall-signature": signBody(body, secret, context.clock()) }),
        };
        // Its cursor tells a receiver that it has it already.
        const { status, text } = await http.send({ method: "POST", url, headers, body, isIdempotent: true });
        if (status >= 300)
          throw new PublishError(
            `${origin} answered ${status}: ${text.replace(/\p{Cc}/gu, " ").slice(0, 200)}; this batch is ` +
              "sent again at the next run",
          );
      };
      const outcome = await sendAll(kept.data.cursor, ask, send, context);
      return { ...outcome, requests: http.requests };
    },
  };
}

/** The first run: what comes from now on is sent. */
async function begin(ask: Ask, context: PublishContext): Promise<PublishOutcome> {
  const { facts } = await ask(changes, [["since", formatCursor({ at: context.clock(), skip: 0 })]]);
  const cursor = formatCursor({ at: facts.asOf, skip: 0 });
  context.onStep(`begins with what changes after ${new Date(facts.asOf).toISOString()}`);
  if (!context.isDryRun) await context.state.save({ cursor });
  return { ...NOTHING_DONE, unchanged: 1 };
}

async function sendAll(
  from: string,
  ask: Ask,
  send: (batch: Batch) => Promise<void>,
  context: PublishContext,
): Promise<PublishOutcome> {
  const { state, onStep, isDryRun } = context;
  let [cursor, created] = [from, 0];

  /** @returns why the run stops here, if it does */
  async function sendOne(batch: Batch): Promise<string | undefined> {
    onStep(`sends ${batch.document.changes.length} changes`);
    const left = isDryRun ? undefined : await sendOrLeave(() => send(batch));
    if (left === undefined) created++;
    return left;
  }

  for (let count = 0; count < MAX_RUN_BATCHES && context.clock() <= context.deadline; count++) {
    const batch = await readBatch(cursor, ask);
    const { changes: rows, gaps } = batch.document;
    const isTold = rows.length > 0 || gaps.length > 0;
    const left = isTold ? await sendOne(batch) : undefined;
    if (left !== undefined) return { ...NOTHING_DONE, created, left };
    const isKept = isTold || atOf(batch.cursor) - atOf(from) > KEEP_AFTER_MS;
    if (isKept) await state.save({ cursor: batch.cursor });
    const isLast = isDryRun || rows.length < MAX_BATCH_CHANGES;
    if (isLast) return { ...NOTHING_DONE, created, unchanged: created === 0 ? 1 : 0 };
    cursor = batch.cursor;
  }
  return { ...NOTHING_DONE, created, left: "there are more changes; the next run goes on" };
}

/** @returns why it is left to the next run, if it is */
async function sendOrLeave(send: () => Promise<void>): Promise<string | undefined> {
  try {
    await send();
    return undefined;
  } catch (error) {
    if (error instanceof RetryTooLate) return error.message;
    throw error;
  }
}

async function readBatch(since: string, ask: Ask): Promise<Batch> {
  const { body } = await ask(changes, [
    ["since", since],
    ["each", "true"],
    ["limit", String(MAX_BATCH_CHANGES)],
  ]);
  const document = body.document as ShownChanges;
  // That nobody has recorded since is told when somebody does.
  const gaps = document.gaps.filter(({ until }) => until <= document.as_of);
  return { since, cursor: document.cursor, document: { ...document, gaps } };
}

function formatBatch(title: string, { since, cursor, document }: Batch) {
  const { as_of, changes: rows, gaps } = document;
  return { title, as_of, since, cursor, count: rows.length, changes: rows, gaps };
}

/** When a cursor stands; ms since the epoch. */
function atOf(cursor: string): number {
  return Number(/^c(\d+)/.exec(cursor)?.[1] ?? 0);
}
