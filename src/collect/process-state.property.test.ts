// Properties of judging: over any course of events no state is untrue, except one that says that
// the clock decided.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeHostDouble } from "../testing/host-double.ts";
import { runs } from "../testing/runs.ts";
import type { HostAccess } from "./collector.ts";
import { type ObservationStore, Observations } from "./observations.ts";
import { type Judgement, openJudge } from "./process-state.ts";

const PATH = "/etc/app.conf";
const DAY_MS = 86_400_000;

type Event =
  | { readonly do: "pass"; readonly ms: number }
  | {
      readonly do:
        | "change"
        | "touch"
        | "copy"
        | "replace"
        | "restore"
        | "start"
        | "leave"
        | "return"
        | "report"
        | "reboot";
    }
  | { readonly do: "step"; readonly ms: number };

/** A host with one file, one process and an agent. It knows what the process began with. */
class World {
  #boot = 1;
  #now = 5_000_000;
  #offset = 1_700_000_000_000;
  #content = 0;
  #contents = 1;
  #inode = 1;
  #changedAt = 1_600_000_000_000;
  #startedAt = 1_000_000;
  /** What the file held while the process may have been reading it. */
  #begun = new Set([0]);
  #observations = new Observations();
  #saved: string | undefined;
  #isJoined = false;
  /** Whether the agent runs, and sees each change at once. */
  isWatched = true;
  /** Whether it always has since before the process began. */
  isSure = false;

  readonly host: HostAccess;

  constructor() {
    const double = makeHostDouble("/");
    const facts = () => ({
      inode: `1:${this.#inode}`,
      identity: `${this.#inode}:${this.#changedAt}`,
      size: 1,
      isRegular: true,
      modifiedAt: this.#changedAt,
      changedAt: this.#changedAt,
      real: PATH,
      links: [],
    });
    const texts: Readonly<Record<string, () => string>> = {
      "/proc/uptime": () => `${(this.#now / 1000).toFixed(2)} 0.00\n`,
      "/proc/sys/kernel/random/boot_id": () =>
        `00000000-0000-0000-0000-${String(this.#boot).padStart(12, "0")}\n`,
    };
    const memory: ObservationStore = {
      load: () => Promise.resolve(this.#observations),
      save: () => Promise.resolve(),
    };
    this.host = {
      ...double,
      memory,
      clock: () => this.#now + this.#offset,
      files: {
        ...double.files,
        read: async (path) => ({ bytes: Buffer.from(texts[path]?.() ?? "") }),
        inspect: async () => facts(),
        inspectInode: async () => facts(),
        digest: async () => ({ digest: String(this.#content), identity: facts().identity }),
      },
    };
  }

  apply(event: Event): void {
    // A look is never in the same instant as what it finds.
    this.#now += 10;
    switch (event.do) {
      case "pass":
        this.#now += event.ms;
        break;
      case "change":
        this.#write(this.#contents++, this.#inode);
        break;
      case "restore":
        // What comes and goes with nobody looking leaves no trace.
        this.#write(this.isWatched ? Math.max(0, this.#content - 1) : this.#contents++, this.#inode);
        break;
      case "touch":
      case "copy":
        this.#write(this.#content, this.#inode);
        break;
      case "replace":
        this.#write(this.#content, this.#inode + 1);
        break;
      case "start":
        this.#start();
        break;
      case "step":
        this.#offset += event.ms;
        break;
      case "leave":
        this.isWatched = false;
        this.isSure = false;
        break;
      case "return":
        this.#observations = new Observations();
        if (this.#saved !== undefined) this.#observations.take(this.#saved);
        this.isWatched = true;
        this.#isJoined = false;
        break;
      case "report":
        break;
      case "reboot":
        this.#boot++;
        this.#offset += this.#now;
        this.#now = 20_000;
        this.#start();
        this.isSure = false;
        break;
    }
  }

  #start(): void {
    // Ticks are of 10 ms.
    this.#now = Math.ceil(this.#now / 10) * 10;
    this.#startedAt = this.#now;
    this.#begun = new Set([this.#content]);
    this.isSure = this.isWatched;
  }

  #write(content: number, inode: number): void {
    this.#content = content;
    this.#inode = inode;
    this.#changedAt = this.#now + this.#offset;
    // Within the tolerance either is well, and some more for what the clocks are read by.
    if (this.#now - this.#startedAt <= 1600) this.#begun.add(content);
  }

  /** As another process does that shares what is kept. */
  async report(): Promise<Judgement> {
    const own = this.#observations;
    this.#observations = new Observations();
    if (this.#saved !== undefined) this.#observations.take(this.#saved);
    const judged = await this.#look();
    this.#saved = this.#observations.give();
    this.#observations = own;
    this.#isJoined = true;
    return judged;
  }

  async judge(): Promise<Judgement> {
    const judged = await this.#look();
    if (this.#isJoined && this.#saved !== undefined) this.#observations.take(this.#saved);
    if (this.#isJoined || this.#observations.isNew(3_600_000)) this.#saved = this.#observations.give();
    this.#isJoined = false;
    return judged;
  }

  async #look(): Promise<Judgement> {
    const process = {
      pid: "1",
      parent: "0",
      startTicks: this.#startedAt / 10,
      bootId: undefined,
      startedAt: 0,
      name: "app",
      argv: ["app"],
      gap: undefined,
      hasTitle: false,
      folder: "/proc/1",
      exe: { unreadable: "refused" as const, reason: "" },
    };
    const tied = {
      process,
      path: PATH,
      program: PATH,
      reloads: undefined,
      also: [],
      alsoGlobs: [],
      children: [],
    };
    return (await openJudge(this.host, new AbortController().signal))(tied);
  }

  get truth(): { readonly isRunning: boolean; readonly isPending: boolean } {
    const isSame = this.#begun.has(this.#content);
    return { isRunning: isSame, isPending: !isSame || this.#begun.size > 1 };
  }
}

const happening: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 90_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("start" as const, "change" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("touch", "copy", "replace", "restore", "reboot", "report") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("step" as const),
      // Steps that take each other back between two looks are seen by nobody.
      ms: fc.oneof(
        fc.integer({ min: 5000, max: 300_000 }),
        fc.integer({ min: -300_000, max: -5000 }),
        fc.integer({ min: -30 * DAY_MS, max: 30 * DAY_MS }).filter((ms) => Math.abs(ms) >= 5000),
      ),
    }),
  },
) as fc.Arbitrary<Event>;

/**
 * What happens while the agent is away comes in one piece. In it the clock is stepped once at most,
 * and not between a boot and the first look in it: that is seen by nobody either.
 */
const absence = fc.array(happening, { minLength: 2, maxLength: 7 }).map((events): readonly Event[] => {
  const boot = events.findIndex((event) => event.do === "reboot");
  const step = events.findIndex((event) => event.do === "step");
  const kept = events.filter((event, at) => event.do !== "step" || (at === step && (boot < 0 || at < boot)));
  return [{ do: "leave" }, ...kept, { do: "return" }];
});

const course = fc
  .array(
    fc.oneof(
      happening.map((event): readonly Event[] => [event]),
      absence,
    ),
    { minLength: 3, maxLength: 12, size: "max" },
  )
  .map((blocks) => blocks.flat());

function expectTrue(judged: Judgement, { isRunning, isPending }: World["truth"]): void {
  if (judged.state === "running") expect(isRunning).toBe(true);
  const isMarked = "changed" in judged && judged.changed.some(({ by }) => by === "clock");
  if (judged.state === "restart_pending" && !isMarked) expect(isPending).toBe(true);
}

describe("the state of a process", () => {
  it("is never untrue, whatever comes; an untrue restart_pending says that the clock decided", async () => {
    await fc.assert(
      fc.asyncProperty(course, async (events) => {
        const world = new World();
        await world.judge();
        for (const event of events) {
          world.apply(event);
          if (!world.isWatched && event.do !== "report") continue;
          const judged = event.do === "report" ? await world.report() : await world.judge();
          expectTrue(judged, world.truth);
        }
      }),
      { numRuns: runs(600) },
    );
  });

  it("is told without the clock where an agent has looked since before the process began", async () => {
    await fc.assert(
      fc.asyncProperty(course, async (events) => {
        const world = new World();
        await world.judge();
        for (const event of events) {
          world.apply(event);
          if (event.do === "report") await world.report();
          if (!world.isWatched) continue;
          const judged = await world.judge();
          if (!world.isSure) continue;
          expect(judged.state).not.toBe("unknown");
          expect(JSON.stringify(judged)).not.toContain("clock");
        }
      }),
      { numRuns: runs(200) },
    );
  });
});
