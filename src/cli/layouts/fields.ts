// `rollcall fields`: which names there are to ask for, and what they hold.
import type { Layout } from "./layout.ts";

/** A name as it is answered. */
interface ShownField {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly hosts: number;
  readonly values: readonly { readonly value: string }[];
}

export const fields: Layout = {
  examples: [
    "rollcall fields",
    "rollcall fields env=prod",
    "rollcall fields --json | jq -r '.[] | select(.versions) | .name'",
  ],
  layOut({ json, facts }) {
    const rows = JSON.parse(json.toString("utf8")) as ShownField[];
    return {
      tables: [
        {
          columns: [
            { heading: "NAME", whole: "all" },
            { heading: "HOSTS", isNumber: true, whole: "all" },
            { heading: "KIND" },
            { heading: "VALUES" },
          ],
          lines: rows.map(({ name, kinds, hosts, values }) => ({
            cells: [name, String(hosts), kinds.join(","), values.map(({ value }) => value).join(", ")],
          })),
        },
      ],
      summary: `${facts.count ?? 0} hosts, ${facts.silent ?? 0} silent`,
    };
  },
};
