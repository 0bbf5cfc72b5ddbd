// Property: whatever anyone writes into the store, every honest host's report comes through
// untouched, and the answer is JSON.
import fc from "fast-check";
import { expect, it } from "vitest";
import { createRoll } from "../roll/roll.ts";
import { readReports } from "../roll/view.ts";
import { memoryStore } from "../store/memory.ts";
import { runs } from "../testing/runs.ts";
import { makeSources } from "../testing/view-double.ts";
import { writeReports } from "./array.ts";
import { parseQuery } from "./query.ts";
import { selectReports } from "./selection.ts";

const NOW = Date.UTC(2026, 5, 30, 23, 59, 59);
const HONEST = '{"update_date":"2026-07-01T08:59:59+09:00","instance_id":"honest","b":1,"a":[1.0,{"x":"é"}]}';

/** Bodies that a mistaken or hostile host may write under the key of `evil`. */
const hostileBody = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
  // Good JSON with a byte changed, cut, or put in.
  fc
    .tuple(fc.nat({ max: HONEST.length }), fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 3 }))
    .map(([at, cut, more]) =>
      Buffer.concat([
        Buffer.from(HONEST.slice(0, at)),
        Buffer.from(more),
        Buffer.from(HONEST.slice(at + cut)),
      ]),
    ),
  fc
    .constantFrom(
      '{"instance_id":"evil","update_date":"2026-07-01T00:00:00Z"}]\n[{"instance_id":"honest"}',
      '{"instance_id":"evil","update_date":"2026-07-01T00:00:00Z","x":1},{"instance_id":"honest","y":2}',
      '{"instance_id":"evil","instance_id":"honest","update_date":"2026-07-01T00:00:00Z"}',
      '{"instance_id":"evil","update_date":"2026-07-01T00:00:00Z","__proto__":{"polluted":true}}',
      '{"instance_id":"evil","update_date":"2026-07-01T00:00:00Z","rollcall":{"reader":{"state":"fresh"}}}',
    )
    .map((text) => Buffer.from(text)),
  fc
    .jsonValue()
    .map((value) =>
      Buffer.from(JSON.stringify({ instance_id: "evil", update_date: "2026-07-01T00:00:00Z", x: value })),
    ),
);

const hostileKey = fc.constantFrom(
  "reports/v1/local/evil.json",
  "reports/v1/123456789012/ROLE:evil.json",
  "evil.json",
  "reports/v1/local/honest.json.json",
  "reports/v1/x/y/z",
);

const question = fc.constantFrom(
  "",
  "state=all&meta=true",
  "fields=x,instance_id,a.x",
  "x=*",
  "state=all&meta=true&fields=x.y,a",
  "a.x=*&meta=true",
);

it("harms nobody else", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(hostileKey, hostileBody), { minLength: 1, maxLength: 4 }),
      question,
      async (writes, text) => {
        const store = memoryStore({ clock: () => NOW });
        await store.put("reports/v1/local/honest.json", Buffer.from(HONEST));
        for (const [key, body] of writes) await store.put(key, body);
        const view = await createRoll({ store, clock: () => NOW }).view();
        const seen = readReports(view.reports);
        const honest = seen.filter(({ id }) => id === "honest");
        expect(honest.map(({ body }) => body.toString())).toEqual([HONEST]);
        // Each object is either in the roll or among the problems: nothing is dropped in silence.
        expect(seen.length + view.problemCount).toBe(1 + new Set(writes.map(([key]) => key)).size);

        const query = parseQuery(new URLSearchParams(`lenient=true&${text}`));
        const selection = await selectReports(view, query, makeSources());
        const json = Buffer.concat([...writeReports(selection, query, "json", view.asOf)]).toString();
        const lines = Buffer.concat([...writeReports(selection, query, "ndjson", view.asOf)]).toString();
        const parsed = JSON.parse(json) as Array<Record<string, unknown>>;
        expect(parsed).toHaveLength(selection.positions.length);
        expect(
          lines
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line)),
        ).toEqual(parsed);
        expect(parsed.filter(({ instance_id }) => instance_id === "honest").length).toBeLessThanOrEqual(1);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      },
    ),
    { numRuns: runs(125) },
  );
});
