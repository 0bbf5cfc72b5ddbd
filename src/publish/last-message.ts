// What a message said of each host, kept in the store until the next one: bounded, and read back
// with the reason where it cannot be. Pure.
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Overview } from "./overview.ts";

/**
 * Of JSON, for what is kept of the hosts and their values; bytes. Below what a publisher's state
 * may have (store/lease.ts), with room for all else in it. Some 60,000 hosts with two fields.
 */
const MAX_KEPT_BYTES = 3 * 1024 * 1024;

/** Characters of a value that is kept as it is; of a longer one, the beginning and a hash. */
const MAX_KEPT_VALUE = 200;
const KEPT_BEGINNING = 120;

const fieldSchema = z.object({
  field: z.string(),
  /** A value, and the hosts that have it: by their places in `hosts`, or how many they are. */
  values: z.array(
    z.object({ value: z.string().nullable(), hosts: z.union([z.array(z.int().min(0)), z.int().min(0)]) }),
  ),
});

const messageSchema = z
  .object({
    /** The instant that it spoke of; ms since the epoch. */
    at: z.number(),
    /** Fresh hosts; absent where they were too many to be kept. */
    hosts: z.array(z.string()).optional(),
    /** Silent ones; absent likewise. */
    silent: z.array(z.string()).optional(),
    /** Absent where not all values were counted, or they were too many to be kept. */
    fields: z.array(fieldSchema).optional(),
  })
  .refine(({ hosts = [], fields = [] }) =>
    fields.every(({ values }) =>
      values.every(
        (one) => typeof one.hosts === "number" || one.hosts.every((place) => place < hosts.length),
      ),
    ),
  );

const stateSchema = z.object({ digest: z.string(), message: messageSchema.optional() });

/** What was said of the hosts. */
export type LastMessage = z.infer<typeof messageSchema>;

/** What the state says of the last message, or why it says nothing. */
export interface LastState {
  readonly digest?: string;
  readonly message?: LastMessage;
  /** In words, where there is no message to compare with. */
  readonly reason?: string;
}

/** Reads what the last run left. */
export function readLastState(value: unknown): LastState {
  if (value === undefined || value === null)
    return { reason: "this is the first message, or the store no longer has what the last one said" };
  const outcome = stateSchema.safeParse(value);
  if (!outcome.success) return { reason: "what the store has of the last message cannot be read" };
  const { digest, message } = outcome.data;
  return message
    ? { digest, message }
    : {
        digest,
        reason: "the last message was sent by a Rollcall that did not keep what it said of each host",
      };
}

/**
 * What is kept of a message. Where hosts and values together are too large, values keep their
 * counts alone, and the hosts go; then the values too.
 */
export function keepMessage({ asOf, inventory }: Overview, maxBytes = MAX_KEPT_BYTES): LastMessage {
  const at = asOf;
  const places = new Map<string, number>();
  for (const id of inventory.hosts) if (!places.has(id)) places.set(id, places.size);
  const list = (toHosts: (hosts: readonly string[], count: number) => number[] | number) =>
    inventory.omitted > 0
      ? undefined
      : inventory.fields.map(({ field, values }) => ({
          field,
          values: values.map(({ value, hosts = [], count }) => ({
            value: nameValue(value),
            hosts: toHosts(hosts, count),
          })),
        }));
  const drop = <T extends object>(fields: T | undefined) => fields && { fields };
  const fits = (kept: LastMessage) => Buffer.byteLength(JSON.stringify(kept)) <= maxBytes;
  const whole: LastMessage = {
    at,
    hosts: [...places.keys()],
    silent: [...new Set(inventory.silent)],
    ...drop(list((hosts) => [...new Set(hosts.map((id) => places.get(id) ?? 0))])),
  };
  if (fits(whole)) return whole;
  const counts: LastMessage = { at, ...drop(list((_, count) => count)) };
  return fits(counts) ? counts : { at };
}

/**
 * A value as it is kept and compared: one that is long by its beginning and its hash, so that hosts
 * cannot make the state large.
 */
export function nameValue(value: string | null): string | null {
  if (value === null || value.length <= MAX_KEPT_VALUE) return value;
  const hash = createHash("sha256").update(value).digest("hex").slice(0, 16);
  return `${value.slice(0, KEPT_BEGINNING)}… (${value.length} characters, SHA-256 ${hash}…)`;
}
