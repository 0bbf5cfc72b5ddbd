// Tests of leases over a folder and in memory; over a bucket: test/s3/lease.test.ts.
import { describe } from "vitest";
import { describeLease } from "../testing/lease-conformance.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { fileStore } from "./file.ts";
import { memoryStore } from "./memory.ts";

describe("a lease in a folder", () => {
  describeLease(async () => {
    const root = await makeFolder();
    return async (clock) => await fileStore({ root, clock });
  });
});

// A store that has no clock but the one it was opened with is asked by an object.
describe("a lease in memory", () => {
  describeLease(async () => {
    const store = memoryStore({ clock: Date.now });
    return async () => store;
  });
});
