// The Store contract as tests: puts with a condition. Part of conformance.ts.
import { describe, expect, it } from "vitest";
import { PreconditionFailed } from "../store/store.ts";
import type { StoreFixture } from "./store-conformance-fixture.ts";

const LIMIT = { maxBytes: 1024 };
const CREATE = { ifNoneMatch: "*" } as const;

/** Runs the part of the contract that speaks of ifMatch and ifNoneMatch. */
export function describeConditions(use: () => StoreFixture): void {
  describe("conditions", () => {
    it("creates only where nothing is", async () => {
      const { store } = use();
      await store.put("conditions/new", Buffer.from("first"), CREATE);
      await expect(store.put("conditions/new", Buffer.from("second"), CREATE)).rejects.toThrow(
        PreconditionFailed,
      );
      expect((await store.get("conditions/new", LIMIT))?.body.toString()).toBe("first");
      await store.delete("conditions/new");
      await store.put("conditions/new", Buffer.from("third"), CREATE);
    });

    it("replaces only the object it was told of", async () => {
      const { store } = use();
      const first = await store.put("conditions/match", Buffer.from("first"));
      const second = await store.put("conditions/match", Buffer.from("second"), { ifMatch: first.etag });
      await expect(
        store.put("conditions/match", Buffer.from("third"), { ifMatch: first.etag }),
      ).rejects.toThrow(PreconditionFailed);
      const found = await store.get("conditions/match", LIMIT);
      expect(found?.body.toString()).toBe("second");
      expect(found?.etag).toBe(second.etag);
    });

    it("replaces nothing that is not there", async () => {
      const { store } = use();
      const { etag } = await store.put("conditions/lost", Buffer.from("x"));
      await store.delete("conditions/lost");
      for (const ifMatch of [etag, "", "*"]) {
        await expect(store.put("conditions/lost", Buffer.from("y"), { ifMatch })).rejects.toThrow(
          PreconditionFailed,
        );
      }
      expect(await store.get("conditions/lost", LIMIT)).toBeUndefined();
    });

    it("takes etags from get and list as well as from put", async () => {
      const { store } = use();
      await store.put("conditions/source", Buffer.from("1"));
      const found = await store.get("conditions/source", LIMIT);
      await store.put("conditions/source", Buffer.from("2"), { ifMatch: found?.etag ?? "none" });
      for await (const page of store.list("conditions/source")) {
        for (const { etag } of page)
          await store.put("conditions/source", Buffer.from("3"), { ifMatch: etag });
      }
      expect((await store.get("conditions/source", LIMIT))?.body.toString()).toBe("3");
    });

    it("lets exactly one of 50 create", async () => {
      const { store } = use();
      const puts = Array.from({ length: 50 }, (_, turn) =>
        store.put("conditions/race", Buffer.from(String(turn)), CREATE),
      );
      const outcomes = await Promise.allSettled(puts);
      const winners = outcomes.flatMap((outcome, turn) => (outcome.status === "fulfilled" ? [turn] : []));
      expect(winners).toHaveLength(1);
      expect((await store.get("conditions/race", LIMIT))?.body.toString()).toBe(String(winners[0]));
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(PreconditionFailed);
      }
    });

    it("loses no increment of concurrent writers", async () => {
      const { store } = use();
      await store.put("conditions/counter", Buffer.from("0"));
      const increment = async () => {
        for (;;) {
          const found = await store.get("conditions/counter", LIMIT);
          const next = Buffer.from(String(Number(found?.body.toString()) + 1));
          try {
            await store.put("conditions/counter", next, { ifMatch: found?.etag ?? "none" });
            return;
          } catch (error) {
            if (!(error instanceof PreconditionFailed)) throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: 10 }, increment));
      expect((await store.get("conditions/counter", LIMIT))?.body.toString()).toBe("10");
    });
  });
}
