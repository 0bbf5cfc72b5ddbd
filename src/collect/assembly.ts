// Puts a report's bytes together from what the collectors found, within the limits of a report.
// Pure.
import { formatHeartbeat } from "../report/heartbeat.ts";
import { MAX_REPORT_BYTES, MAX_REPORT_DEPTH } from "../report/limits.ts";
import { REPORT_SCHEMA } from "../report/report.ts";
import { formatReportingMachine } from "../report/reporting-machine.ts";
import type { CollectorName } from "../specs/schema.ts";
import type { Origin, Unread } from "./collected.ts";
import { maskCredentials, maskText } from "./mask.ts";
import type { NamedCredential } from "./named-credentials.ts";
import type { JsonValue } from "./value.ts";
import { checkValue } from "./value.ts";

/** Most unread entries that a report lists of one step, and in all; the rest is counted. */
const MAX_UNREAD_OF_STEP = 20;
const MAX_UNREAD_ENTRIES = 200;
const MAX_UNREAD_TEXT = 300;

const MASKED = `looks like a credential in part, and was masked; allow_credentials lets it out`;

/** How one step went. */
export interface StepRecord {
  readonly collector: CollectorName;
  /** The fields that the step was to give. */
  readonly wanted: readonly string[];
  readonly fields: ReadonlyArray<readonly [name: string, value: JsonValue]>;
  readonly unread: readonly Unread[];
  readonly named?: readonly NamedCredential[];
  readonly durationMs: number;
}

/**
 * What a report says of published specs: of which edition its own is, and which one this host did
 * not take, and why.
 */
export interface SpecEditionNote {
  readonly inUse?: number | undefined;
  readonly refused?: { readonly edition?: number; readonly detail: string } | undefined;
}

/** What stands beside the collectors' fields. */
export interface Envelope {
  readonly agentVersion: string;
  /** `sha256:` and 64 hex digits. */
  readonly specDigest: string;
  readonly edition?: SpecEditionNote | undefined;
  /** How often the host reports though nothing changed; undefined where nobody can tell. ms */
  readonly heartbeatMs?: number | undefined;
  readonly origin: Origin;
  /** What the machine is known by; undefined in reports that no machine makes. */
  readonly fingerprint?: Parameters<typeof formatReportingMachine>[0] | undefined;
  /** Fields that are not masked. */
  readonly allowCredentials?: readonly string[];
}

/** A field on its way into the report. */
interface Member {
  readonly name: string;
  /** `"name":value` */
  readonly text: string;
  readonly size: number;
  /** Index of its step. */
  readonly step: number;
}

/**
 * Puts a report together: the fields in the order of the steps, then `rollcall`. A field that no
 * report may hold is left out, and so are the largest ones where all would be too much; each is
 * noted as unread in its step.
 *
 * @returns the bytes, which parseReport accepts, and all that is unread, its steps in order
 */
export function assembleReport(
  steps: readonly StepRecord[],
  envelope: Envelope,
): { readonly bytes: Buffer; readonly unread: readonly Unread[] } {
  const unread = steps.map((step) => [...step.unread]);
  const members = listMembers(steps, unread, envelope.allowCredentials ?? []);
  for (;;) {
    const given = new Set(members.map((member) => member.name));
    const rollcall = `"rollcall":${JSON.stringify(makeRollcall(steps, unread, given, envelope))}`;
    const bytes = Buffer.from(`{${[...members.map((member) => member.text), rollcall].join(",")}}`);
    const largest = bytes.length <= MAX_REPORT_BYTES ? undefined : findLargest(members, steps);
    if (largest === undefined) return { bytes, unread: unread.flat() };
    members.splice(members.indexOf(largest), 1);
    unread[largest.step]?.push({
      what: largest.name,
      reason: `its ${largest.size} bytes do not fit: a report has at most ${MAX_REPORT_BYTES}`,
    });
  }
}

function listMembers(
  steps: readonly StepRecord[],
  unread: Unread[][],
  allowCredentials: readonly string[],
): Member[] {
  const members = new Map<string, Member>();
  for (const [index, step] of steps.entries()) {
    for (const [name, value] of step.fields) {
      // The spec's checks and the collectors keep all this out; it is checked here again because a
      // report that the reader refuses would take every other field with it.
      const checked = checkValue(value, MAX_REPORT_DEPTH - 1);
      const reason = "reason" in checked ? checked.reason : findNameFault(name, members);
      if (reason !== undefined || "reason" in checked) {
        unread[index]?.push({ what: name, reason: reason ?? "" });
        continue;
      }
      const shown = allowCredentials.includes(name)
        ? checked.value
        : maskCredentials(name, checked.value, step.named);
      if (shown !== checked.value) unread[index]?.push({ what: name, reason: MASKED });
      const text = `${JSON.stringify(name)}:${JSON.stringify(shown)}`;
      members.set(name, { name, text, size: Buffer.byteLength(text), step: index });
    }
  }
  return [...members.values()];
}

function findNameFault(name: string, members: ReadonlyMap<string, Member>): string | undefined {
  if (name === "rollcall") return "is the name of what Rollcall itself writes";
  if (name === "__proto__" || "reason" in checkValue(name)) return "is no name that a field may have";
  return members.has(name) ? "is given by an earlier step too" : undefined;
}

/** The host's own fields always stay: without them there is no report, and they are small. */
function findLargest(members: readonly Member[], steps: readonly StepRecord[]): Member | undefined {
  let largest: Member | undefined;
  for (const member of members) {
    if (steps[member.step]?.collector === "host") continue;
    if (largest === undefined || member.size > largest.size) largest = member;
  }
  return largest;
}

function makeRollcall(
  steps: readonly StepRecord[],
  unread: readonly (readonly Unread[])[],
  given: ReadonlySet<string>,
  envelope: Envelope,
): JsonValue {
  let room = MAX_UNREAD_ENTRIES;
  const collectors = steps.map((step, index): JsonValue => {
    const entries = unread[index] ?? [];
    const shown = entries.slice(0, Math.min(MAX_UNREAD_OF_STEP, room));
    room -= shown.length;
    const left = entries.length - shown.length;
    const gave = step.fields.some(([name]) => given.has(name));
    return {
      collector: step.collector,
      ...(step.collector === "host" ? {} : { fields: step.wanted.map(tidy) }),
      outcome: entries.length === 0 ? "ok" : gave ? "partial" : "failed",
      duration_ms: Math.max(0, Math.round(step.durationMs)),
      ...(shown.length > 0
        ? { unread: shown.map(({ what, reason }) => ({ what: tidy(what), reason: tidy(reason) })) }
        : {}),
      ...(left > 0 ? { unread_left_off: left } : {}),
    };
  });
  const { account, region } = envelope.origin;
  return {
    schema: REPORT_SCHEMA,
    agent: envelope.agentVersion,
    spec: envelope.specDigest,
    ...(envelope.edition?.inUse === undefined ? {} : { spec_edition: envelope.edition.inUse }),
    ...(envelope.edition?.refused === undefined
      ? {}
      : { spec_refused: tidyRefusal(envelope.edition.refused) }),
    ...(envelope.heartbeatMs === undefined ? {} : formatHeartbeat(envelope.heartbeatMs)),
    ...(envelope.fingerprint === undefined ? {} : formatReportingMachine(envelope.fingerprint)),
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    collectors,
  };
}

function tidyRefusal({ edition, detail }: { readonly edition?: number; readonly detail: string }): JsonValue {
  return { ...(edition === undefined ? {} : { edition }), detail: tidy(detail) };
}

/**
 * Longer than any credential that is masked, so that none is cut in two before it is known for one.
 */
const MAX_MASKED_TEXT = 16_384;

/**
 * Reasons quote paths and what programs printed, credentials among it; in a report they are one
 * short line each.
 */
function tidy(text: string): string {
  const masked = maskText(text.slice(0, MAX_MASKED_TEXT));
  const short = masked.length > MAX_UNREAD_TEXT ? `${masked.slice(0, MAX_UNREAD_TEXT)}…` : masked;
  return short.replace(/[\p{Cc}\p{Surrogate}]/gu, " ");
}
