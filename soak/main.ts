// The soak: the attacks of test/hostile/attacks for minutes, with a table of what was tried, how
// often and what it cost. Ends with 1 if anything was wrong.
import { randomInt } from "node:crypto";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { seededRandom } from "../src/testing/seeded-random.ts";
import { type Figures, runInArena } from "../test/hostile/attacks/arena.ts";
import type { Attack } from "../test/hostile/attacks/attack.ts";
import { ATTACKS } from "../test/hostile/attacks/registry.ts";
import { startS3Server } from "../test/s3/server.ts";

const USAGE = `npm run soak -- [--minutes N] [--only NAME] [--seed N]

  --minutes N   for all attacks together; ${ATTACKS.length} by default
  --only NAME   one of ${ATTACKS.map(({ name }) => name).join(", ")}; may be given again
  --seed N      as an earlier run printed it: the same tries in the same order, as far as the
                network lets them`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: String(ATTACKS.length) },
    only: { type: "string", multiple: true },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
    help: { type: "boolean" },
  },
});

function fail(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0)) fail(`--minutes ${values.minutes} is no number of minutes`);
if (!Number.isSafeInteger(seed)) fail(`--seed ${values.seed} is no whole number`);
for (const name of values.only ?? [])
  if (!ATTACKS.some((attack) => attack.name === name)) fail(`there is no attack ${name}`);
const chosen = ATTACKS.filter(({ name }) => values.only?.includes(name) ?? true);

const ROW = ["name", "tried", "s", "RSS max", "worst /healthz", "5xx", "wrong"] as const;
const MEBIBYTE = 1024 * 1024;

function describe({ name }: Attack, figures: Figures): readonly string[] {
  return [
    name,
    String(figures.tries),
    figures.seconds.toFixed(0),
    `${Math.round(figures.maxRss / MEBIBYTE)} MB`,
    `${Math.round(figures.worstHealthMs)} ms`,
    String(figures.counts.get("5xx") ?? 0),
    String(figures.wrong.length),
  ];
}

console.log(`seed ${seed}, ${minutes} minutes, Node ${process.version}, ${cpus().length} cores`);
const s3 = chosen.some(({ needsS3 }) => needsS3) ? await startS3Server() : undefined;
const rows: (readonly string[])[] = [ROW];
let isWrong = false;
try {
  for (const attack of chosen) {
    const figures = await runInArena((arena) => attack.run(arena), {
      random: seededRandom(seed),
      tries: Number.POSITIVE_INFINITY,
      ms: (minutes * 60_000) / chosen.length,
      s3: attack.needsS3 ? s3 : undefined,
    });
    rows.push(describe(attack, figures));
    const counts = [...figures.counts].map(([what, count]) => `${count} ${what}`).join(", ");
    console.log(`\n${attack.name}: ${attack.summary}. ${figures.tries} tries: ${counts}`);
    for (const wrong of figures.wrong) console.log(`  WRONG ${wrong}`);
    isWrong ||= figures.wrong.length > 0;
  }
} finally {
  await s3?.stop();
}
const widths = ROW.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | "));
console.log(`\n${lines.map((line) => `| ${line} |`).join("\n")}`);
// Whatever a fetch keeps open must not hold the end.
process.exit(isWrong ? 1 : 0);
