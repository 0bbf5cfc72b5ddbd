// Tests of refusals that say why truly: what is busy is no clone, what has ended is to be made
// anew, and too much is to be asked later.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { PreconditionFailed, type Store, Unavailable } from "../store/store.ts";
import { checkMachine, enrolHost } from "./enrolment.ts";
import { verifyHostSecret } from "./host-secret.ts";

const clock = () => Date.UTC(2026, 0, 1);
const machine = { machine: "a".repeat(64), boot: "1".repeat(64) };
const PROOF = { id: "i-0123456789abcdef0", proven: undefined, ...machine };

/** A store in which another is always quicker. */
function makeBusy(store: Store): Store {
  return { ...store, put: (key) => Promise.reject(new PreconditionFailed(`[memory] ${key} has changed`)) };
}

async function enrolOne(store: Store) {
  const outcome = await enrolHost(store, PROOF, { clock });
  if (!("secret" in outcome)) throw new Error(outcome.refusal);
  const enrolment = await verifyHostSecret(store, outcome.secret);
  if (!enrolment) throw new Error("not enrolled");
  return enrolment;
}

it("an enrolment that never gets its turn is to be asked again, and no clone", async () => {
  const busy = makeBusy(memoryStore({ clock }));
  await expect(enrolHost(busy, PROOF, { clock })).rejects.toThrow(Unavailable);
});

it("so is a report by a machine whose new boot cannot be noted", async () => {
  const store = memoryStore({ clock });
  const enrolment = await enrolOne(store);
  await expect(
    checkMachine(makeBusy(store), enrolment, { ...machine, boot: "2".repeat(64) }, { clock }),
  ).rejects.toThrow(Unavailable);
});

it("an enrolment that ends meanwhile is one that has ended: the host enrols anew", async () => {
  const store = memoryStore({ clock });
  const enrolment = await enrolOne(store);
  for await (const page of store.list("keys/")) for (const { key } of page) await store.delete(key);
  const checked = checkMachine(makeBusy(store), enrolment, { ...machine, boot: "2".repeat(64) }, { clock });
  await expect(checked).rejects.toMatchObject({
    code: "enrolment_ended",
    message: expect.stringContaining("enrol anew"),
  });
});

it("a host that enrols more often than its nonces are remembered is told when to come again", async () => {
  const store = memoryStore({ clock });
  const enrol = (at: number) =>
    enrolHost(
      store,
      { ...PROOF, proven: { proof: "caller", nonce: { value: `n${at}`, endsAt: clock() + 60_000 } } },
      { clock },
    );
  let last: unknown;
  for (let at = 0; at < 50 && last === undefined; at++)
    await enrol(at).catch((error: unknown) => (last = error));
  expect(last).toMatchObject({ code: "too_many_requests", retryAfterS: 60 });
});
