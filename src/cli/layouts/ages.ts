// `rollcall ages`: a line a host, whose report came longest ago first.
import type { ShownAges } from "../../questions/ages-question.ts";
import { formatSpan } from "../../report/span-text.ts";
import type { Layout } from "./layout.ts";

/** A clock that is off by less is not shown; s. */
const NOTABLE_SKEW_S = 5 * 60;

export const ages: Layout = {
  examples: [
    "rollcall ages",
    "rollcall ages env=prod state=all",
    "rollcall ages --ndjson | jq -r '[.received_at, .instance_id] | @tsv' | sort | head",
  ],
  layOut({ json, facts }, { formatInstant }) {
    const { hosts, accounts, count, window_seconds } = JSON.parse(json.toString("utf8")) as ShownAges;
    const rows = hosts.id.map((id, at) => ({
      id,
      account: accounts[hosts.account[at] ?? -1] ?? "",
      receivedAt: (hosts.received[at] ?? 0) * 1000,
      skew: hosts.skew[at] ?? 0,
    }));
    rows.sort((a, b) => a.receivedAt - b.receivedAt);
    return {
      tables: [
        {
          columns: [
            { heading: "INSTANCE ID", whole: "all" },
            { heading: "AGE", whole: "all" },
            { heading: "RECEIVED", whole: "all" },
            { heading: "CLOCK" },
            { heading: "ACCOUNT" },
          ],
          lines: rows.map(({ id, account, receivedAt, skew }) => ({
            cells: [
              id,
              formatSpan(facts.asOf - receivedAt),
              formatInstant(receivedAt),
              formatSkew(skew),
              account,
            ],
            isNotable: facts.asOf - receivedAt > window_seconds * 1000,
          })),
        },
      ],
      summary: `${rows.length} of ${count} shown, ${facts.silent ?? 0} silent`,
      notes: count === 0 ? ["no host matches"] : [],
    };
  },
};

function formatSkew(seconds: number): string {
  return Math.abs(seconds) < NOTABLE_SKEW_S
    ? ""
    : `${seconds > 0 ? "+" : "-"}${formatSpan(Math.abs(seconds) * 1000)}`;
}
