// Tests of which of two puts stands: an older one never lies over a newer one, whoever is slow,
// stopped or killed.
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { build } from "esbuild";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStore } from "./file.ts";
import { PutOrder } from "./put-order.ts";
import type { Store } from "./store.ts";

const KEY = "reports/v1/local/i-1.json";
const LIMIT = { maxBytes: 1024 };

/** More than a tick of the kernel's clock for files, which is at most 10 ms (CONFIG_HZ=100). */
const TICK_MS = 15;

async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "rollcall-order-"));
  onTestFinished(() => rm(root, { recursive: true }));
  return root;
}

async function read(store: Store): Promise<string | undefined> {
  return (await store.get(KEY, LIMIT))?.body.toString();
}

/** Stands still with the whole process, as one does that the kernel does not run. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK_MS);
}

/** Another process, in the steps that its put has. */
function otherServer(root: string, body: string) {
  const draft = join(root, ".tmp", body);
  return {
    begin: () => writeFileSync(draft, body),
    place(mtime = Date.now()) {
      utimesSync(draft, mtime / 1000, mtime / 1000);
      mkdirSync(join(root, "reports/v1/local"), { recursive: true });
      renameSync(draft, join(root, KEY));
    },
  };
}

describe("two servers on one folder", () => {
  /**
   * A store whose first put is held up after its draft was written, while something else is done.
   */
  async function openSlow(meanwhile: (root: string) => void) {
    const root = await makeRoot();
    await (await fileStore({ root, clock: Date.now })).put(KEY, Buffer.from("first"));
    let puts = 0;
    const clock = () => {
      if (puts++ === 0) meanwhile(root);
      return Date.now();
    };
    // Opening asks for the time only where there are drafts.
    return { root, store: await fileStore({ root, clock }) };
  }

  it("leave what began later, though the other is done later", async () => {
    const { store } = await openSlow((root) => {
      stall();
      const other = otherServer(root, "newer");
      other.begin();
      other.place();
    });
    const outcome = await store.put(KEY, Buffer.from("older"));
    expect(await read(store)).toBe("newer");
    expect(outcome).toMatchObject({ key: KEY, size: "older".length, isOvertaken: true });
  });

  it("leave it whatever their clocks say of the time of receipt", async () => {
    const { store } = await openSlow((root) => {
      stall();
      const other = otherServer(root, "newer");
      other.begin();
      other.place(Date.now() - 600_000);
    });
    await store.put(KEY, Buffer.from("older"));
    expect(await read(store)).toBe("newer");
  });

  it("place what began later over what began earlier and was placed meanwhile", async () => {
    const root = await makeRoot();
    mkdirSync(join(root, ".tmp"));
    const other = otherServer(root, "older");
    other.begin();
    stall();
    let puts = 0;
    const clock = () => {
      if (puts++ === 0) other.place();
      return Date.now();
    };
    const store = await fileStore({ root, clock });
    puts = 0;
    const outcome = await store.put(KEY, Buffer.from("newer"));
    expect([await read(store), outcome.isOvertaken]).toEqual(["newer", undefined]);
  });

  it("place what begins after another was done, even if that one's clock is two days ahead", async () => {
    const root = await makeRoot();
    const ahead = await fileStore({ root, clock: () => Date.now() + 48 * 3_600_000 });
    await ahead.put(KEY, Buffer.from("first"));
    const store = await fileStore({ root, clock: Date.now });
    await store.put(KEY, Buffer.from("second"));
    expect(await read(ahead)).toBe("second");
  });
});

it("puts of one process stand in the order in which they began, however they end", async () => {
  // Each number is a put, and how many turns of the event loop it takes to be written; some fail.
  const puts = fc.array(fc.record({ turns: fc.nat({ max: 5 }), fails: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(puts, async (all) => {
      const order = new PutOrder();
      let standing = -1;
      const work = all.map(async ({ turns, fails }, number) => {
        const turn = order.begin(KEY);
        try {
          for (let at = 0; at < turns; at++) await new Promise(setImmediate);
          await order.place(turn, async (isOvertaken) => {
            await new Promise(setImmediate);
            if (fails) throw new Error("the disk is full");
            if (!isOvertaken) standing = number;
          });
        } finally {
          order.end(turn);
        }
      });
      await Promise.allSettled(work);
      expect(standing).toBe(all.findLastIndex(({ fails }) => !fails));
    }),
    { numRuns: 200 },
  );
});

/**
 * Puts again and again, with the time at which each began: by a clock that all processes of a
 * machine share, and no one sets.
 */
const PUT_TIMES = `
  import { fileStore } from "./file.ts";
  // Locks of the dead are broken twenty times sooner, for the test's sake.
  const monotonic = () => performance.now() * 20;
  const store = await fileStore({ root: process.argv[2], clock: Date.now, monotonic });
  for (;;) await store.put("${KEY}", Buffer.from(String(process.hrtime.bigint())));`;

/**
 * When the put began whose report lies there, ms: as it says itself, or, if it was stopped before
 * it had made its draft, by the draft.
 */
function readBeginning(root: string): number {
  const fd = openSync(join(root, KEY), "r");
  try {
    const began = Number(readFileSync(fd, "utf8")) / 1e6 + Date.now() - Number(process.hrtime.bigint()) / 1e6;
    const { birthtimeMs } = fstatSync(fd);
    return birthtimeMs - began > TICK_MS / 2 ? birthtimeMs : began;
  } finally {
    closeSync(fd);
  }
}

/** How many reports have to be seen, and after how many rounds they no longer are waited for. */
const ENOUGH = 100;
const MOST_ROUNDS = 2000;

it("what readers see never goes back, while writers are stopped, killed and started anew", async () => {
  const root = await makeRoot();
  const outfile = join(root, "..", `${root.split("/").at(-1)}.mjs`);
  onTestFinished(() => rm(outfile));
  const stdin = { contents: PUT_TIMES, resolveDir: import.meta.dirname, loader: "ts" } as const;
  await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
  const start = () => spawn(process.execPath, [outfile, root], { stdio: ["ignore", "ignore", "inherit"] });
  const children: ChildProcess[] = [start(), start(), start()];
  let isOver = false;
  let newest = 0;
  let seen = 0;
  const steps: number[] = [];
  const watch = async () => {
    while (!isOver) {
      await new Promise(setImmediate);
      if (!existsSync(join(root, KEY))) continue;
      const began = readBeginning(root);
      if (began > newest + 1) seen++;
      steps.push(began - newest);
      newest = Math.max(newest, began);
    }
  };
  const watching = watch();
  try {
    while (seen < 20) await wait(10);
    // On a busy machine more rounds, until enough was seen.
    for (let round = 0; round < 40 || (seen <= ENOUGH && round < MOST_ROUNDS); round++) {
      const at = round % children.length;
      const child = children[at] as ChildProcess;
      if (round % 8 === 7) {
        child.kill("SIGKILL");
        children[at] = start();
      } else child.kill("SIGSTOP");
      await wait(40 + (round % 5) * 7);
      child.kill("SIGCONT");
      await wait(15);
    }
  } finally {
    isOver = true;
    await watching;
    const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(ends);
  }
  expect(seen).toBeGreaterThan(ENOUGH);
  expect(steps.reduce((least, step) => Math.min(least, step), 0)).toBeGreaterThan(-TICK_MS);
});
