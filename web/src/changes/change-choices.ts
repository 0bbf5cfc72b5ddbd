// What of the changes is shown, as the address has it: of which span, of which kind, which lines
// are open.
import type { Parameters } from "../address/parameters.ts";
import type { ChangeKind } from "./change-lines.ts";

/** Spans that are offered, as the API takes them. */
export const SPANS = { "1h": 3_600_000, "24h": 24 * 3_600_000, "7d": 7 * 24 * 3_600_000 } as const;

const DEFAULT_SPAN = "24h";

/** Kinds that are asked for together. */
export const KIND_GROUPS = {
  values: ["changed"],
  hosts: ["arrived", "departed", "expired", "removed", "set_aside", "restored"],
  silences: ["silent", "returned"],
  restarts: ["restart_pending", "restarted"],
} as const satisfies Readonly<Record<string, readonly ChangeKind[]>>;

export type KindGroup = keyof typeof KIND_GROUPS;

export interface ChangeChoices {
  /** A span that is offered, or an instant. */
  readonly since: string;
  readonly until: string | undefined;
  readonly kind: KindGroup | undefined;
  /** Ids of lines whose hosts are shown. */
  readonly open: ReadonlySet<string>;
}

export function readChangeChoices({ since = DEFAULT_SPAN, until, kind, open }: Parameters): ChangeChoices {
  return {
    since,
    until,
    kind: isKindGroup(kind) ? kind : undefined,
    open: new Set((open ?? "").split(",").filter((id) => id !== "")),
  };
}

function isKindGroup(text: string | undefined): text is KindGroup {
  return text !== undefined && Object.hasOwn(KIND_GROUPS, text);
}

/** The parameter `since`; undefined for the usual one. */
export function formatSince(since: string): string | undefined {
  return since === DEFAULT_SPAN ? undefined : since;
}

/** The parameter `open`. */
export function formatOpen(open: Iterable<string>): string {
  return [...open].join(",");
}
