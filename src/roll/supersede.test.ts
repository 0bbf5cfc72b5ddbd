// Tests of counting each host once, however many keys it has written.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseReportKey } from "../report/key.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { memoryStore } from "../store/memory.ts";
import { createRoll } from "./roll.ts";
import { readReports } from "./view.ts";

const START = Date.UTC(2024, 1, 29);
const ID = "i-0123456789abcdef0";

/** Puts reports one after the other, a minute between them, and looks. */
async function look(keys: readonly string[]) {
  let now = START;
  const clock = () => now;
  const store = memoryStore({ clock });
  for (const key of keys) {
    const id = parseReportKey(key)?.id;
    await store.put(
      key,
      Buffer.from(JSON.stringify({ update_date: formatUpdateDate(now), instance_id: id })),
    );
    now += 60_000;
  }
  const { reports, problems } = await createRoll({ store, clock }).view();
  return {
    keys: readReports(reports).map(({ key }) => key),
    aside: problems.map(({ key, reason }) => [key, reason]),
  };
}

describe("one host's reports under several keys", () => {
  it("count once, the newest, when an instance has got another role", async () => {
    const [before, after] = [
      `reports/v1/123456789012/AROAOLD:${ID}.json`,
      `reports/v1/123456789012/AROANEW:${ID}.json`,
    ];
    const { keys, aside } = await look([
      before,
      "reports/v1/123456789012/AROAOLD:i-0aaaaaaaaaaaaaaaa.json",
      after,
    ]);
    expect(keys).toEqual([after, "reports/v1/123456789012/AROAOLD:i-0aaaaaaaaaaaaaaaa.json"]);
    expect(aside).toEqual([[before, "superseded"]]);
  });

  it("are two hosts' in two accounts", async () => {
    const both = [`reports/v1/123456789012/AROAX:${ID}.json`, `reports/v1/210987654321/AROAX:${ID}.json`];
    expect(await look(both)).toEqual({ keys: both, aside: [] });
  });

  it("count as one by one would count them", async () => {
    const key = fc
      .tuple(
        fc.constantFrom("", "111111111111", "222222222222"),
        fc.constantFrom("", "AROAA:", "AROAB:", "AROAA:x:"),
        fc.constantFrom("a", "b", "c"),
      )
      .map(([account, role, id]) =>
        account === "" ? `${id}.json` : `reports/v1/${account}/${role}${id}.json`,
      );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 16 }), async (keys) => {
        const owner = (one: string) => parseReportKey(one) ?? { account: "", id: "" };
        const isSuperseded = (at: number) =>
          keys.some((other, place) => {
            const [mine, theirs] = [owner(keys[at] ?? ""), owner(other)];
            const isSame =
              mine.id === theirs.id &&
              (mine.account === theirs.account || mine.account === "" || theirs.account === "");
            return place > at && isSame;
          });
        const expected = keys.filter((_, at) => !isSuperseded(at)).sort();
        expect((await look(keys)).keys).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
