// `rollcall problems`: reports that were set aside, and why.
import type { ShownProblem } from "../../questions/problems-question.ts";
import { parseReportKey } from "../../report/key.ts";
import type { Layout } from "./layout.ts";

export const problems: Layout = {
  examples: [
    "rollcall problems",
    "rollcall problems --reason misfiled",
    "rollcall problems env=prod",
    "rollcall problems --json | jq -r '.[] | [.key, .reason] | @tsv'",
  ],
  layOut({ json, facts }, { formatInstant }) {
    const rows = JSON.parse(json.toString("utf8")) as ShownProblem[];
    return {
      tables: [
        {
          columns: [
            { heading: "HOST", whole: "all" },
            { heading: "REASON", whole: "all" },
            { heading: "RECEIVED", whole: "all" },
          ],
          // What is wrong, and where, is read whole on a terminal of any width.
          lines: rows.map(({ key, reason, received_at, detail, store }) => ({
            cells: [parseReportKey(key)?.id ?? "", reason, formatInstant(received_at)],
            below: [detail, key, ...(store === undefined ? [] : [store])],
          })),
        },
      ],
      // Rows may be what filters leave of them, and what is no report in the store.
      summary: `${rows.length} shown; ${facts.problems ?? 0} set aside in the whole store`,
      notes:
        rows.length === 0 && !facts.problems ? ["no problem; docs/problems.md says what would be one"] : [],
    };
  },
};
