// Each attack in small, against the built program; `npm run soak` runs the same ones at size.
import { expect, inject, it } from "vitest";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { runInArena } from "./attacks/arena.ts";
import { ATTACKS } from "./attacks/registry.ts";

/** An attack ends by its tries; this is for a machine that stands still. */
const MAX_MS = 120_000;

const SEED = 17;

it.each(ATTACKS.map((attack) => [attack.name, attack] as const))(
  "bears %s",
  { timeout: 2 * MAX_MS },
  async (_, attack) => {
    const s3 = attack.needsS3 ? inject("s3") : undefined;
    const figures = await runInArena((arena) => attack.run(arena), {
      random: seededRandom(SEED),
      tries: attack.few,
      ms: MAX_MS,
      s3,
    });
    expect(figures.wrong).toEqual([]);
    expect(figures.tries).toBe(attack.few);
  },
);
