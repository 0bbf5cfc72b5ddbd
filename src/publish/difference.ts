// What differs between two messages: hosts that came and went, and which value went from how many
// to how many hosts, on which. Pure; what cannot be told is told as such.
import { type LastMessage, type LastState, nameValue } from "./last-message.ts";
import type { FieldVersions, Overview } from "./overview.ts";

/** A value whose hosts are not those that they were. */
export interface ValueChange {
  readonly field: string;
  /** null for the hosts that have no value there; a long one as nameValue has it. */
  readonly value: string | null;
  /** Hosts in the last message, and now. */
  readonly from: number;
  readonly to: number;
  /** Who has it now and did not, and the other way round; undefined where only counts were kept. */
  readonly gained?: readonly string[];
  readonly lost?: readonly string[];
}

/** Hosts, each in one of these, by id. */
export interface HostChanges {
  /** Fresh now, and not in the last message. */
  readonly arrived: readonly string[];
  /** The same, of those that were silent then. */
  readonly returned: readonly string[];
  readonly silent: readonly string[];
  /** Said that they left, within the last day. */
  readonly left: readonly string[];
  /**
   * Fresh then, and now neither fresh nor silent, and no word of leaving is kept: they left or were
   * last heard of over a day ago, or their report was set aside or removed.
   */
  readonly gone: readonly string[];
}

/** What differs, as far as it can be told. */
export interface Difference {
  /**
   * When the last message spoke of; ms since the epoch. Undefined where there is none to compare.
   */
  readonly since?: number;
  /** Undefined where it cannot be told. */
  readonly hosts?: HostChanges;
  /** New values first, those that are gone last; in each, the newest version of a variant first. */
  readonly values?: readonly ValueChange[];
  /** What cannot be told, in words; at most as many as there are reasons. */
  readonly untold: readonly string[];
}

/** Compares an overview with the last message. */
export function findDifference({ message, reason }: LastState, overview: Overview): Difference {
  if (!message) return { untold: [`What is new cannot be told: ${reason ?? "nothing was kept"}.`] };
  const untold: string[] = [];
  const hosts = compareHosts(message, overview, untold);
  const values = compareValues(message, overview, untold);
  return { since: message.at, ...(hosts && { hosts }), ...(values && { values }), untold };
}

/** Whether it holds anything to tell. */
export function hasChanges({ hosts, values = [] }: Difference): boolean {
  return values.length > 0 || (hosts !== undefined && Object.values(hosts).some((ids) => ids.length > 0));
}

function compareHosts(
  message: LastMessage,
  { inventory, coverage }: Overview,
  untold: string[],
): HostChanges | undefined {
  if (!message.hosts) {
    untold.push("Which hosts came and went cannot be told: they were too many to be kept.");
    return undefined;
  }
  const before = new Set(message.hosts);
  const silentBefore = new Set(message.silent);
  const now = new Set(inventory.hosts);
  const silentNow = new Set(inventory.silent);
  const departed = new Set(coverage.departed.map(({ id }) => id));
  const changes = {
    arrived: [] as string[],
    returned: [] as string[],
    silent: [] as string[],
    left: [] as string[],
    gone: [] as string[],
  };
  for (const id of now) {
    if (!before.has(id)) changes[silentBefore.has(id) ? "returned" : "arrived"].push(id);
  }
  for (const id of before) {
    if (now.has(id)) continue;
    // A host that left may have an old report as well.
    changes[departed.has(id) ? "left" : silentNow.has(id) ? "silent" : "gone"].push(id);
  }
  for (const ids of Object.values(changes)) ids.sort();
  if (changes.gone.length > 0 && coverage.counts.departed > coverage.departed.length)
    untold.push("Which of the hosts that are gone said that they left cannot be told: too many left.");
  return changes;
}

function compareValues(
  message: LastMessage,
  overview: Overview,
  untold: string[],
): readonly ValueChange[] | undefined {
  const { inventory } = overview;
  if (inventory.omitted > 0 || !message.fields) {
    untold.push("Which versions changed cannot be told: there are or were too many values to compare.");
    return undefined;
  }
  const known = new Map(message.fields.map(({ field, values }) => [field, values]));
  const changes: ValueChange[] = [];
  let uncompared = 0;
  for (const { field, values } of inventory.fields) {
    const before = known.get(field);
    if (before) changes.push(...compareField({ field, values }, before, message.hosts));
    else uncompared++;
  }
  if (changes.some(({ gained }) => gained === undefined))
    untold.push("On which hosts they changed cannot be told: they were too many to be kept.");
  const shown = new Set(inventory.fields.map(({ field }) => field));
  const dropped = message.fields.filter(({ field }) => !shown.has(field)).length;
  if (dropped > 0)
    untold.push(
      dropped === 1
        ? "The last message spoke of a field that this one does not: what became of it cannot be told."
        : `The last message spoke of ${dropped} fields that this one does not: what became of them ` +
            "cannot be told.",
    );
  if (uncompared > 0)
    untold.push(
      uncompared === 1
        ? "The last message did not speak of one of the fields: what is new in it cannot be told."
        : `The last message did not speak of ${uncompared} fields: what is new in them cannot be told.`,
    );
  const rank = ({ from, to }: ValueChange) => (from === 0 ? 0 : to === 0 ? 2 : 1);
  return changes.sort((a, b) => rank(a) - rank(b));
}

function compareField(
  { field, values }: Pick<FieldVersions, "field" | "values">,
  before: NonNullable<LastMessage["fields"]>[number]["values"],
  ids: readonly string[] | undefined,
): ValueChange[] {
  const left = new Map(before.map(({ value, hosts }) => [value, hosts]));
  const changes: ValueChange[] = [];
  const compare = (name: string | null, holders: readonly string[], count: number) => {
    const change = compareHolders(left.get(name) ?? [], holders, count, ids);
    if (change) changes.push({ field, value: name, ...change });
    left.delete(name);
  };
  for (const { value, count, hosts = [] } of values) compare(nameValue(value), hosts, count);
  for (const name of [...left.keys()]) compare(name, [], 0);
  return changes;
}

function compareHolders(
  then: readonly number[] | number,
  now: readonly string[],
  to: number,
  ids: readonly string[] | undefined,
): Pick<ValueChange, "from" | "to" | "gained" | "lost"> | undefined {
  if (typeof then === "number") return then === to ? undefined : { from: then, to };
  const before = new Set(then.map((place) => ids?.[place] ?? ""));
  const holders = new Set(now);
  const gained = [...holders].filter((id) => !before.has(id)).sort();
  const lost = [...before].filter((id) => !holders.has(id)).sort();
  return gained.length + lost.length === 0
    ? undefined
    : { from: before.size, to: holders.size, gained, lost };
}
