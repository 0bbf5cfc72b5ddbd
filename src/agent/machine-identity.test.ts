// Tests of whose a state folder is: a copy of a machine sets aside what was the first one's, and a
// machine keeps its own.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { claimStateFolder } from "./machine-identity.ts";

const FIRST = { machineId: "a".repeat(64), card: "b".repeat(64) };

async function setUp() {
  const folder = await makeFolder({
    key: "rh_1",
    spool: "{}",
    "status.json": "{}",
    "spec.json": "{}",
    data: "host-1",
  });
  await claimStateFolder(folder, FIRST);
  return {
    folder,
    names: async () => (await readdir(folder)).filter((name) => name !== "identity.json").sort(),
  };
}
const ALL = ["data", "key", "spec.json", "spool", "status.json"];

it("leaves everything to the machine that it belongs to, also where less of it can be seen", async () => {
  const { folder, names } = await setUp();
  const unseen = { machineId: undefined, card: undefined };
  for (const same of [
    FIRST,
    unseen,
    { ...FIRST, card: undefined },
    { ...FIRST, machineId: undefined },
    FIRST,
  ])
    expect(await claimStateFolder(folder, same)).toEqual([]);
  expect(await names()).toEqual(ALL);
});

it.each([
  { ...FIRST, machineId: "c".repeat(64) },
  { ...FIRST, card: "c".repeat(64) },
  { machineId: "c".repeat(64), card: undefined },
])("sets aside what was another machine's: %j", async (other) => {
  const { folder, names } = await setUp();
  // What cannot be seen for a while is not forgotten.
  await claimStateFolder(folder, { machineId: undefined, card: undefined });
  expect(await claimStateFolder(folder, other, [join(folder, "data")])).toHaveLength(4);
  expect(await names()).toEqual([
    "data.other-machine",
    "key.other-machine",
    "spec.json",
    "spool.other-machine",
    "status.json.other-machine",
  ]);
  expect(await claimStateFolder(folder, other)).toEqual([]);
});

it("takes a folder that says nothing, or nothing whole, as it is", async () => {
  const folder = await makeFolder({ key: "rh_1" });
  expect(await claimStateFolder(folder, FIRST)).toEqual([]);
  await writeFile(join(folder, "identity.json"), "{");
  expect(await claimStateFolder(folder, { ...FIRST, card: "c".repeat(64) })).toEqual([]);
  expect(await readdir(folder)).toContain("key");
});
