// Facts: what an answer says of itself beside its body, and how that travels in headers.
import type { RollView } from "../roll/view.ts";
import { CUT_KINDS, type Cut, formatCuts } from "./cut.ts";
import type { Schema } from "./question.ts";

/** What an answer says of itself. */
export interface Facts {
  /** The instant of the answer; ms since the epoch. */
  readonly asOf: number;
  /** Where the listing behind it is older: when that began; ms since the epoch. */
  readonly listedAt?: number;
  /** Whom it speaks of: its denominator. */
  readonly count?: number;
  /** Of versions: of those, how many have a value that is behind. */
  readonly behind?: number;
  readonly silent?: number;
  readonly problems?: number;
  /** What was left out or counted together; undefined where nothing can be. */
  readonly cuts?: readonly Cut[];
  /** What whoever asked should know, in words; what was cut among it. */
  readonly warnings: readonly string[];
  /** Set where the store could not be read completely. */
  readonly partial?: RollView["partial"];
  /** Of one host's report: when the store received it, ms since the epoch. */
  readonly receivedAt?: number;
  readonly state?: string;
  /** Seconds by which the host's clock is ahead of the store's. */
  readonly clockSkew?: number;
  /** What `since` takes to go on behind this answer. */
  readonly cursor?: string;
}

/** Each fact's header, and what it says. */
export const FACT_HEADERS = {
  "Rollcall-As-Of": {
    description: "The instant of the answer: everything that the store held then is in it.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-Listed": {
    description:
      "Of one host, where the listing behind the answer is older than the answer: when it began. The " +
      "host's objects were read again since where that listing showed them; under another key than " +
      "those a report is seen with the next listing, a minute later at most by default settings.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-Count": {
    description: "How many reports the answer is made of; of coverage, the fresh ones.",
    schema: { type: "integer" },
  },
  "Rollcall-Behind": {
    description:
      "Of versions: how many hosts of the answer have some value that is behind, each counted once. Absent " +
      "where that cannot be told, since values were left out.",
    schema: { type: "integer" },
  },
  "Rollcall-Silent": {
    description:
      "How many hosts that match the filters have a report that is older than the window " +
      "and not yet expired.",
    schema: { type: "integer" },
  },
  "Rollcall-Problems": {
    description:
      "How many reports in the store were set aside, the same number in every answer of one instant, " +
      "whatever its filters; /v1/problems lists them.",
    schema: { type: "integer" },
  },
  "Rollcall-Warning": {
    description: "What the one who asked should know, such as a filter on a field that no report has.",
    schema: { type: "string" },
  },
  "Rollcall-Cut": {
    description:
      "What a bound cut, as a dictionary of numbers (RFC 9651): `values=12, host_groups=1`. " +
      `${Object.entries(CUT_KINDS)
        .map(([kind, meaning]) => `\`${kind}\`: ${meaning}`)
        .join("; ")}. Absent where all is there. Rollcall-Warning says the same in words.`,
    schema: { type: "string" },
  },
  "Rollcall-Partial": {
    description:
      "Only with `partial=ok`, and only where the store could not be read " +
      "completely: why, and how far it came. Reports may be missing or be older than " +
      "the store's; Rollcall-As-Of is the last instant of which nothing is missing, " +
      "if there was one.",
    schema: { type: "string" },
  },
  "Rollcall-Missing": {
    description:
      "With Rollcall-Partial: how many new or changed reports were listed and could " +
      "not be read. While the listing is not finished there may be more.",
    schema: { type: "integer" },
  },
  "Rollcall-Received": {
    description: "When the store received the report.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-State": { description: "fresh or silent.", schema: { enum: ["fresh", "silent"] } },
  "Rollcall-Clock-Skew": {
    description:
      "Seconds by which the host's clock is ahead of the store's, by update_date; negative if behind.",
    schema: { type: "integer" },
  },
  "Rollcall-Cursor": {
    description: "Of changes: what `since` takes the next time, so that nothing is missed or comes twice.",
    schema: { type: "string" },
  },
} as const satisfies Readonly<Record<string, { description: string; schema: Schema }>>;

export type FactName = keyof typeof FACT_HEADERS;

/** The facts of every answer. */
export const COMMON_FACTS: readonly FactName[] = [
  "Rollcall-As-Of",
  "Rollcall-Warning",
  "Rollcall-Cut",
  "Rollcall-Partial",
  "Rollcall-Missing",
];

/** Writes facts as headers. */
export function toHeaders(facts: Facts): Record<string, string> {
  const { asOf, listedAt, count, behind, silent, problems, cuts = [], warnings, partial } = facts;
  const { receivedAt, state, clockSkew, cursor } = facts;
  return {
    "rollcall-as-of": new Date(asOf).toISOString(),
    ...(listedAt !== undefined && { "rollcall-listed": new Date(listedAt).toISOString() }),
    ...(count !== undefined && { "rollcall-count": String(count) }),
    ...(behind !== undefined && { "rollcall-behind": String(behind) }),
    ...(silent !== undefined && { "rollcall-silent": String(silent) }),
    ...(problems !== undefined && { "rollcall-problems": String(problems) }),
    ...(receivedAt !== undefined && { "rollcall-received": new Date(receivedAt).toISOString() }),
    ...(state !== undefined && { "rollcall-state": state }),
    ...(clockSkew !== undefined && { "rollcall-clock-skew": String(clockSkew) }),
    ...(cursor !== undefined && { "rollcall-cursor": cursor }),
    ...(warnings.length > 0 && { "rollcall-warning": toAscii(warnings.join("; ")) }),
    ...(cuts.length > 0 && { "rollcall-cut": formatCuts(cuts) }),
    ...(partial && {
      "rollcall-partial": toAscii(partial.reason),
      "rollcall-missing": String(partial.missing),
    }),
  };
}

/**
 * Reads facts from headers; warnings come as one. @returns undefined if there is no instant, so
 * that it is no answer of ours
 */
export function readFacts(headers: Pick<Headers, "get">): Facts | undefined {
  const asOf = Date.parse(headers.get("rollcall-as-of") ?? "");
  if (Number.isNaN(asOf)) return undefined;
  const number = (name: string) => {
    const text = headers.get(name);
    return text === null ? undefined : Number(text);
  };
  const [warning, reason] = [headers.get("rollcall-warning"), headers.get("rollcall-partial")];
  const time = (name: string) => {
    const text = headers.get(name);
    return text === null ? undefined : Date.parse(text);
  };
  const read = {
    count: number("rollcall-count"),
    behind: number("rollcall-behind"),
    silent: number("rollcall-silent"),
    problems: number("rollcall-problems"),
    listedAt: time("rollcall-listed"),
    receivedAt: time("rollcall-received"),
    state: headers.get("rollcall-state") ?? undefined,
    clockSkew: number("rollcall-clock-skew"),
    cursor: headers.get("rollcall-cursor") ?? undefined,
    partial: reason === null ? undefined : { reason, missing: number("rollcall-missing") ?? 0 },
  };
  const given = Object.entries(read).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), asOf, warnings: warning === null ? [] : [warning] };
}

/** Longest header value; Node's clients take 16 KiB of headers together. */
const MAX_HEADER_LENGTH = 2000;

/** Header values are ASCII (RFC 9110, section 5.5); field names need not be. */
export function toAscii(text: string): string {
  const ascii = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return ascii.length <= MAX_HEADER_LENGTH ? ascii : `${ascii.slice(0, MAX_HEADER_LENGTH)}...`;
}
