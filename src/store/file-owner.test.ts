// Tests of whose the files in a store are; what root writes into another user's:
// test/owner.test.ts.
import { lstat } from "node:fs/promises";
import { expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { findOwner } from "./file-owner.ts";

it("changes nothing for any other user, nor in a store of root's own", async () => {
  const root = await makeFolder();
  const { uid, gid } = await lstat(root);
  await (await findOwner(root, 1000)).giveFolder(root);
  await (await findOwner(root)).giveFolder(root);
  expect(await lstat(root)).toMatchObject({ uid, gid });
});
