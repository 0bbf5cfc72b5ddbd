// `rollcall problems`: reports that were set aside, and why.
import type { ShownProblem } from "../../questions/problems-question.ts";
import type { Layout } from "./layout.ts";

export const problems: Layout = {
  examples: [
    "rollcall problems",
    "rollcall problems --reason misfiled",
    "rollcall problems --json | jq -r '.[] | [.key, .reason] | @tsv'",
  ],
  layOut({ json, facts }, { formatInstant }) {
    const rows = JSON.parse(json.toString("utf8")) as ShownProblem[];
    return {
      tables: [
        {
          columns: ["KEY", "REASON", "RECEIVED", "DETAIL"].map((heading) => ({ heading })),
          lines: rows.map(({ key, reason, received_at, detail }) => ({
            cells: [key, reason, formatInstant(received_at), detail],
          })),
        },
      ],
      summary: `${facts.problems ?? 0} set aside`,
      notes: rows.length === 0 ? ["no problem; docs/problems.md says what would be one"] : [],
    };
  },
};
