// Which fields hold versions: found in a sample of the reports, for those who ask without naming
// one.

import { splitVersion } from "../grammar/version-order.ts";
import { QUOTE } from "../report/ascii.ts";
import { decodeString, walkChildren } from "../report/json-walk.ts";
import { splitList } from "../report/list-text.ts";
import { normalizeText } from "../report/normal-text.ts";
import type { Table } from "../roll/table.ts";
import { readReport } from "../roll/view.ts";
import { SHARED_YIELDER, type Yielder } from "../roll/yielder.ts";

/** Reports that are looked at, spread over all. */
const SAMPLE = 200;

/**
 * Fields found at most, values of one report that are looked at, and the longest name; characters.
 */
const MAX_VERSION_FIELDS = 16;
const MAX_TRIED_VALUES = 2000;
const MAX_DISCOVERED_NAME_LENGTH = 256;

/** What looking for the version in a value costs; bytes. */
const VALUE_BYTES = 512;

/** Names of fields whose digits are no version: a sentence may name a process by its number. */
export const OTHER_NAMES =
  /(?:^|[._])(?:id|ip|ips|address|date|time|at|host|hostname|name|uptime|reason|region|zone)$|_(?:id|ip|date|at)$|^rollcall\./i;
/** Times and plain numbers, which are no versions. */
export const OTHER_VALUES = /^\d{4}-\d{2}-\d{2}T|^\d+$/;

/**
 * Hosts of the sample that have a field, and those of them where most of its values hold a version.
 */
interface Votes {
  hosts: number;
  versions: number;
}

/**
 * Finds the fields in which most values hold a version, in the order in which reports have them; of
 * too many, those of the most hosts. Each host has one vote, however many values it has.
 */
export async function discoverFields(
  { table, positions }: { readonly table: Table; readonly positions: Uint32Array },
  yielder: Yielder = SHARED_YIELDER,
): Promise<string[]> {
  const seen = new Map<string, Votes>();
  const step = Math.max(1, Math.floor(positions.length / SAMPLE));
  for (let place = 0; place < positions.length; place += step) {
    const { body } = readReport(table, positions[place] as number);
    await yielder.spend(body.length);
    const texts = listTexts(body);
    await yielder.spend(texts.length * VALUE_BYTES);
    vote(texts, seen);
  }
  return countVotes(seen);
}

/** The same of a few reports that are at hand. */
export function discoverFieldsOf(bodies: Iterable<Buffer>): string[] {
  const seen = new Map<string, Votes>();
  for (const body of bodies) vote(listTexts(body), seen);
  return countVotes(seen);
}

function vote(texts: readonly (readonly [string, string])[], seen: Map<string, Votes>): void {
  for (const [field, { values, versions }] of countVersions(texts)) {
    const votes = seen.get(field) ?? { hosts: 0, versions: 0 };
    seen.set(field, votes);
    votes.hosts++;
    if (versions * 2 > values) votes.versions++;
  }
}

function countVotes(seen: ReadonlyMap<string, Votes>): string[] {
  const found = [...seen].filter(
    ([field, { hosts, versions }]) => versions * 2 > hosts && !OTHER_NAMES.test(field) && isOneName(field),
  );
  const shown = new Set(found.toSorted(([, a], [, b]) => b.hosts - a.hosts).slice(0, MAX_VERSION_FIELDS));
  return found.filter((one) => shown.has(one)).map(([field]) => field);
}

/** Whether the parameter `field`, a list, can name it: a host may give its fields any names. */
function isOneName(field: string): boolean {
  const [name, ...more] = splitList(field);
  return name === field && more.length === 0;
}

/** By field, how many values there are, and how many of them hold a version. */
function countVersions(
  texts: readonly (readonly [string, string])[],
): Map<string, { values: number; versions: number }> {
  const counts = new Map<string, { values: number; versions: number }>();
  for (const [field, text] of texts) {
    const own = counts.get(field) ?? { values: 0, versions: 0 };
    counts.set(field, own);
    own.values++;
    if (!OTHER_VALUES.test(text) && splitVersion(text).version !== "") own.versions++;
  }
  return counts;
}

/**
 * The texts of a report, and the fields that they are the values of. Nothing is parsed: no object
 * gets a host's names for its keys.
 */
function listTexts(body: Buffer): [string, string][] {
  const texts: [string, string][] = [];
  const visit = (start: number, end: number, field: string): boolean => {
    if (body[start] === QUOTE) texts.push([field, decodeString(body, { start, end })]);
    else
      walkChildren(body, start, (key, child) => {
        if (key === undefined) return visit(child.start, child.end, field);
        const name = normalizeText(key).replace(/[\\.]/g, "\\$&");
        const inner = field === "" ? name : `${field}.${name}`;
        return (
          key !== "" && inner.length <= MAX_DISCOVERED_NAME_LENGTH && visit(child.start, child.end, inner)
        );
      });
    return texts.length >= MAX_TRIED_VALUES;
  };
  visit(0, body.length, "");
  return texts;
}
