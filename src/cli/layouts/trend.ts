// `rollcall trend`: a line for each value, with its hosts over time as blocks.
import type { ShownTrend } from "../../questions/trend-question.ts";
import type { Layout } from "./layout.ts";

/** From none to the most hosts of all lines. */
const BLOCKS = "▁▂▃▄▅▆▇█";
/** Where it cannot be told. */
const UNTOLD = "·";

/** Blocks of a line. */
const MAX_BLOCKS = 60;

export const trend: Layout = {
  examples: [
    "rollcall trend processes.module_A_filename",
    "rollcall trend app_version --by env --since 24h",
    "rollcall trend processes.module_A_filename env=prod --since 2026-11-20",
    "rollcall trend app_version --output csv > app_version.csv",
  ],
  word: { parameter: "field", name: "FIELD" },
  layOut({ json }, { formatInstant }) {
    const { field, by, from, until, series, others } = JSON.parse(json.toString("utf8")) as ShownTrend;
    const most = Math.max(1, ...series.flatMap(({ hosts }) => hosts.map((count) => count ?? 0)));
    const isUntold = series.some(({ hosts }) => hosts.includes(null));
    return {
      tables: [
        {
          columns: [
            { heading: "VALUE", whole: "all" },
            ...(by === null ? [] : [{ heading: by.toUpperCase(), whole: "all" as const }]),
            { heading: "NOW", isNumber: true, whole: "all" },
            { heading: "MOST", isNumber: true, whole: "all" },
            { heading: "OVER TIME", whole: "all" },
          ],
          lines: series.map(({ value, group, hosts }) => ({
            cells: [
              value ?? "(no value)",
              ...(by === null ? [] : [group || "(none)"]),
              formatCount(hosts.at(-1)),
              formatCount(Math.max(...hosts.map((count) => count ?? 0))),
              drawBlocks(hosts, most),
            ],
          })),
          more: others,
        },
      ],
      summary:
        `${field} from ${formatInstant(from)} until ${formatInstant(until)}; ` +
        `█ is ${most} ${most === 1 ? "host" : "hosts"}`,
      notes: [
        ...(series.length === 0 ? ["no host was fresh in that time"] : []),
        ...(isUntold ? [`${UNTOLD} cannot be told`] : []),
      ],
    };
  },
};

function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? "?" : String(count);
}

/**
 * One character for some instants, by the last of them that is known. @param most the highest block
 */
function drawBlocks(hosts: readonly (number | null)[], most: number): string {
  const length = Math.min(MAX_BLOCKS, hosts.length);
  return Array.from({ length }, (_, block) => {
    const start = Math.floor((block * hosts.length) / length);
    const end = Math.floor(((block + 1) * hosts.length) / length);
    const count = hosts.slice(start, end).findLast((one) => one !== null);
    if (count === undefined || count === null) return UNTOLD;
    // A single host of very many is seen.
    return BLOCKS.charAt(Math.ceil((count / most) * (BLOCKS.length - 1)));
  }).join("");
}
