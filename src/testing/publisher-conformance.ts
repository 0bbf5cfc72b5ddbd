// What every publisher promises, tried on each: nothing is said twice, nothing changes in a dry
// run, what hosts wrote stays text, secrets stay secret.
import { describe, expect, it } from "vitest";
import type { Overview } from "../publish/overview.ts";
import type { Publisher, PublishOutcome } from "../publish/publisher.ts";
import { readState, takeState } from "../publish/state.ts";
import { memoryStore } from "../store/memory.ts";
import { makeHosts, makeOverview } from "./overview-double.ts";

/** A publisher and the other side, for one test. */
export interface PublisherFixture {
  readonly publisher: Publisher;
  /** All that the other side has now, as text. */
  read(): Promise<string>;
  /** Makes the other side fail until it is told otherwise; undefined where it cannot. */
  readonly fail: ((isFailing: boolean) => Promise<void>) | undefined;
  /** Whether it says things again that have not changed, since nobody knows what became of them. */
  readonly repeats: boolean;
  readonly write?: (text: string) => Promise<void>;
  readonly secret: string | undefined;
  /** A value as it stands in what is read. */
  readonly format: (value: string) => string;
}

/** Runs the suite. @param open makes a fixture with nothing published */
export function describePublisher(kind: string, open: () => Promise<PublisherFixture>): void {
  async function setUp() {
    const fixture = await open();
    const time = { now: Date.UTC(2024, 2, 1) };
    const clock = () => time.now;
    const store = memoryStore({ clock });
    const run = async (overview: Overview, isDryRun = false): Promise<PublishOutcome> => {
      const lease = isDryRun ? undefined : await takeState(store, "test", clock);
      try {
        return await fixture.publisher.publish(overview, {
          state: lease ?? (await readState(store, "test")),
          clock,
          sleep: async (ms) => {
            time.now += ms;
          },
          random: () => 0.5,
          signal: new AbortController().signal,
          deadline: time.now + 3_600_000,
          isDryRun,
          onStep: () => undefined,
          write: fixture.write ?? (async () => undefined),
        });
      } finally {
        await lease?.release();
      }
    };
    return { ...fixture, run, time, store };
  }

  describe(`the publisher ${kind}`, () => {
    it("publishes, and what has changed again", async () => {
      const { run, read, publisher } = await setUp();
      expect(publisher.kind).toBe(kind);
      expect((await run(await makeOverview(makeHosts(2, 3)))).created).toBeGreaterThan(0);
      expect(await read()).toContain("6 hosts reported.");
      const { created, updated } = await run(await makeOverview(makeHosts(2, 4)));
      expect(created + updated).toBeGreaterThan(0);
      expect(await read()).toContain("8 hosts reported.");
    });

    it("counts what was refused at the door among what was set aside, as the questions do", async () => {
      const { run, read } = await setUp();
      const key = "reports/v1/local/i-9.json";
      const clone = { key, reason: "clone", detail: "two machines", receivedAt: 0, size: 0 } as const;
      const clones = { list: () => [clone] };
      await run(await makeOverview(makeHosts(2, 3), {}, undefined, [], { clones }));
      expect(await read()).toContain("1 report was set aside");
    });

    it("says nothing twice, also after a day of silence", async () => {
      const { run, read, repeats, time } = await setUp();
      const overview = await makeOverview(makeHosts(2, 3));
      await run(overview);
      const before = await read();
      time.now += 60_000;
      const { created, updated, archived } = await run({ ...overview, asOf: overview.asOf + 60_000 });
      if (repeats) return;
      expect({ created, updated, archived }).toEqual({ created: 0, updated: 0, archived: 0 });
      expect(await read()).toBe(before);
      time.now += 24 * 3_600_000;
      const later = await run(await makeOverview(makeHosts(3, 3)));
      // As many pages or messages as there are now, however many were missed.
      expect(later.created + later.updated).toBeLessThanOrEqual(4);
    });

    it("changes nothing in a dry run", async () => {
      const { run, read, store } = await setUp();
      const before = await read();
      expect((await run(await makeOverview(makeHosts(2, 3)), true)).created).toBeGreaterThan(0);
      expect(await read()).toBe(before);
      expect(await store.get("publishers/v1/test.json", { maxBytes: 10_000 })).toBeUndefined();
    });

    it("fails in words without secrets, and mends it at the next run", async () => {
      const { run, read, fail, secret, store } = await setUp();
      if (!fail) return;
      await fail(true);
      const overview = await makeOverview(makeHosts(2, 3));
      const outcome = await run(overview).catch((error: Error) => error);
      const words = outcome instanceof Error ? `${outcome.message} ${outcome.stack}` : (outcome.left ?? "");
      expect(words).not.toBe("");
      if (secret !== undefined) expect(words).not.toContain(secret);
      await fail(false);
      // Until it is known that nothing was made.
      for (let at = 0; at < 3 && !(await read()).includes("6 hosts reported."); at++) {
        await run(overview, false).catch(() => undefined);
      }
      expect(await read()).toContain("6 hosts reported.");
      const state = await store.get("publishers/v1/test.json", { maxBytes: 1_000_000 });
      if (secret !== undefined) expect(state?.body.toString()).not.toContain(secret);
      if (secret !== undefined) expect(await read()).not.toContain(secret);
    });

    it("bears what hosts write", async () => {
      const { run, read, format } = await setUp();
      const values = [
        "<script>alert(1)</script>",
        "a|b`c",
        "line\nbreak",
        "@everyone <!channel>",
        "x".repeat(3000),
        "\u202eabc",
        // What a template fills in: ours, and those of programs that make pages of Markdown.
        "{{page:summary}} {{ site.secret }} {% include x %}",
        "\ue000summary\ue001",
      ];
      const hosts = values.map((module, at) => ({ id: `i-${at}`, service: "s", module }));
      await run(await makeOverview(hosts));
      const text = await read();
      for (const value of values) expect(text).toContain(format(value));
    });
  });
}
