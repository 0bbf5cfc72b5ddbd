// `rollcall diff`: a line for each difference between two instants.
import type { ChangeGroup, ShownChange } from "../../questions/change-groups.ts";
import { layOutChanges } from "./changes.ts";
import type { Layout } from "./layout.ts";

interface ShownDifference {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly changes: readonly (ChangeGroup | ShownChange)[];
}

export const diff: Layout = {
  examples: [
    "rollcall diff --at 'yesterday 18:00'",
    "rollcall diff --at 2026-11-25 --at 2026-11-26 env=prod",
    "rollcall diff --at 2h --field processes.module_A_filename --each",
    "rollcall diff --at 7d --host i-0123456789abcdef0 --each",
  ],
  layOut({ json }, tools) {
    const { from, to, count, changes } = JSON.parse(json.toString("utf8")) as ShownDifference;
    const { columns, lines } = layOutChanges(changes, tools);
    // All are of one instant.
    const [, ...rest] = columns;
    return {
      tables: [
        { columns: rest, lines: lines.map(({ cells: [, ...cells], ...line }) => ({ ...line, cells })) },
      ],
      summary:
        `${count} ${count === 1 ? "difference" : "differences"} from ${tools.formatInstant(from)} ` +
        `to ${tools.formatInstant(to)}`,
      notes: changes.length === 0 ? ["nothing differs"] : [],
    };
  },
};
