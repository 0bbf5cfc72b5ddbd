// The memory driver keeps the Store contract.
import { describeStore } from "../testing/store-conformance.ts";
import { describeExpiry } from "../testing/store-conformance-expiry.ts";
import { memoryStore } from "./memory.ts";

const makeStore = async () => {
  const time = { now: 1_700_000_000_000 };
  return { store: memoryStore({ clock: () => time.now }), time, dispose: async () => undefined };
};

describeStore("memory", makeStore);
describeExpiry("memory", makeStore);
