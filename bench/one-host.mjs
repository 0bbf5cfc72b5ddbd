// Measures one host of a fleet that was listed some seconds ago, over folders of different sizes in
// one process: node bench/one-host.mjs [--hosts 1000,100000] [--rounds N]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildParts, PARTS } from "./build.mjs";
import { hostId, makeReport, reportKey } from "./fleet.mjs";
import { judge, median, printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: { hosts: { type: "string", default: "1000,100000" }, rounds: { type: "string", default: "5" } },
});
const sizes = values.hosts.split(",").map(Number);
const rounds = Number(values.rounds);

/** Hosts asked for in a round, one after the other. */
const QUESTIONS = 200;

/** How old the listing is then; ms. Below the half minute after which the next one begins. */
const AGE_MS = 20_000;

/** A larger fleet's host may cost so many times a smaller one's: the machine is noisy. */
const GOAL = 1.25;

await buildParts();
const { createRoll, openStore } = await import(PARTS);
const root = mkdtempSync(join(tmpdir(), "rollcall-one-host-"));

async function openFleet(count) {
  const folder = join(root, String(count));
  mkdirSync(join(folder, reportKey(0), ".."), { recursive: true });
  for (let index = 0; index < count; index++)
    writeFileSync(join(folder, reportKey(index)), makeReport(index));
  let aheadMs = 0;
  const clock = () => Date.now() + aheadMs;
  const store = await openStore(`file:${folder}`, { clock });
  const roll = createRoll({ store, clock, refreshesAhead: false });
  await roll.view();
  const figures = { listing: [], first: [], one: [] };
  return {
    count,
    figures,
    close: () => roll.close(),
    /** A listing; a pause; the first question, which makes the index; and more. */
    async round() {
      aheadMs += 2 * AGE_MS;
      figures.listing.push(await time(() => roll.view()));
      aheadMs += AGE_MS;
      const each = [];
      for (let question = 0; question < QUESTIONS; question++) {
        const id = hostId((question * 7919) % count);
        each.push(await time(() => askOne(roll, id)));
      }
      figures.first.push(each[0]);
      figures.one.push(median(each.slice(1)));
    },
  };
}

async function askOne(roll, id) {
  const view = await roll.viewHost(id);
  if (view.listedAt === undefined || view.reports.rowOf.length !== 1)
    throw new Error(`${id} was listed, or not found: this measures something else`);
}

/** Milliseconds. */
async function time(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

try {
  const fleets = [];
  for (const count of sizes) fleets.push(await openFleet(count));
  for (let round = 0; round < rounds; round++) for (const fleet of fleets) await fleet.round();
  printTable(
    ["hosts", "listing, ms", "first question after it, ms", "each further one, ms"],
    fleets.map(({ count, figures }) => [
      count.toLocaleString("en"),
      ...[figures.listing, figures.first, figures.one].map((all) => median(all).toFixed(2)),
    ]),
  );
  const [small, large] = [fleets[0], fleets.at(-1)].map(({ figures }) => median(figures.one));
  const ratio = large / small;
  console.log(`\nlargest / smallest: ${judge(ratio.toFixed(2), `at most ${GOAL}`, ratio <= GOAL)}`);
  for (const fleet of fleets) await fleet.close();
} finally {
  rmSync(root, { recursive: true, force: true });
}
