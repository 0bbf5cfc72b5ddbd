// Which fields hold versions: found in a sample of the reports, for those who ask without naming one.
import type { Table } from "../roll/table.ts";
import { readReport } from "../roll/view.ts";
import { splitVersion } from "./version-order.ts";

/** Reports that are looked at, spread over all. */
const SAMPLE = 200;

/** Fields found at most, and values of one report that are looked at. */
const MAX_FIELDS = 16;
const MAX_VALUES = 2000;

/** Names of fields whose digits are no version. */
const OTHER_NAMES = /(?:^|[._])(?:id|ip|ips|address|date|time|at|host|hostname|name|uptime)$|_(?:id|ip|date|at)$|^rollcall\./i;
const OTHER_VALUES = /^\d{4}-\d{2}-\d{2}T|^\d+$/;

/** Finds the fields in which most values hold a version, in the order in which reports have them. */
export function discoverFields({ table, positions }: { readonly table: Table; readonly positions: Uint32Array }): string[] {
  const seen = new Map<string, { values: number; versions: number }>();
  const step = Math.max(1, Math.floor(positions.length / SAMPLE));
  for (let place = 0; place < positions.length; place += step) {
    const { body } = readReport(table, positions[place] as number);
    for (const [field, text] of listTexts(JSON.parse(body.toString("utf8")))) {
      const counts = seen.get(field) ?? { values: 0, versions: 0 };
      seen.set(field, counts);
      counts.values++;
      if (!OTHER_VALUES.test(text) && splitVersion(text).version !== "") counts.versions++;
    }
  }
  return [...seen]
    .filter(([field, { values, versions }]) => versions * 2 > values && !OTHER_NAMES.test(field))
    .map(([field]) => field)
    .slice(0, MAX_FIELDS);
}

/** All texts of a report, and the fields that they are the values of. */
function listTexts(report: object): [string, string][] {
  const texts: [string, string][] = [];
  const visit = (value: unknown, field: string): void => {
    if (texts.length >= MAX_VALUES) return;
    if (typeof value === "string") texts.push([field, value]);
    else if (Array.isArray(value)) for (const element of value) visit(element, field);
    else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value)) {
        const name = key.replace(/[\\.]/g, "\\$&");
        visit(member, field === "" ? name : `${field}.${name}`);
      }
    }
  };
  visit(report, "");
  return texts;
}
