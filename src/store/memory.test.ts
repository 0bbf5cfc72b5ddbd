// The memory driver keeps the Store contract.
import { describeStore } from "./conformance.ts";
import { memoryStore } from "./memory.ts";

describeStore("memory", async () => {
  const time = { now: 1_700_000_000_000 };
  return { store: memoryStore({ clock: () => time.now }), time, dispose: async () => undefined };
});
