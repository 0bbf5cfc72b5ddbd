// Tests of guesses at API keys: what they cost the store, and that a new key is not kept out by
// them.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { createKeyring } from "./keyring.ts";
import { createKey } from "./keys.ts";

it("a flood of guesses costs some reads a second, and a new key opens within a second of it", async () => {
  const time = { now: 1e12 };
  const clock = () => time.now;
  const memory = memoryStore({ clock });
  let reads = 0;
  const store = {
    ...memory,
    get: (...given: Parameters<typeof memory.get>) => {
      reads++;
      return memory.get(...given);
    },
    list: (...given: Parameters<typeof memory.list>) => {
      reads++;
      return memory.list(...given);
    },
  };
  const keyring = createKeyring({ store, clock });
  let guesses = 0;
  const guess = () => keyring.verify(`rc_${String(++guesses).padStart(12, "a")}_${"A".repeat(43)}`);
  const flood = async () => {
    for (let count = 0; count < 500; count++) expect(await guess()).toBeUndefined();
  };
  await flood();
  for (let second = 0; second < 4; second++) {
    const { secret } = await createKey(memory, { name: "new", scopes: ["read"] }, { clock });
    await flood();
    // It is not let in within the second that it was made in, perhaps; the guesses go on.
    time.now += 1001;
    reads = 0;
    await flood();
    expect(reads).toBeLessThanOrEqual(30);
    expect((await keyring.verify(secret))?.name).toBe("new");
  }
});
