// Tests of what settings say about published specs: a key that is none is told, and never shown.
import { expect, it } from "vitest";
import { makeKeyPair } from "../../specs/spec-key.ts";
import { makeIo } from "../../testing/io-double.ts";
import { UsageError } from "../program/failure.ts";
import { readSettings } from "./settings.ts";
import { openFollower } from "./spec-following.ts";

it("says which key is none, and shows nothing of it", async () => {
  const io = await makeIo();
  const { publicText, privatePem } = makeKeyPair();
  const secret = privatePem.split("\n")[1] ?? "";
  const settings = await readSettings({ specKeys: `${publicText},${secret}` }, io);
  const options = {
    settings,
    target: { kind: "store", url: "file:nowhere" } as const,
    key: { headersFor: async () => ({}) } as never,
    folder: io.folders.data,
    onNotice: () => undefined,
  };
  const error = await openFollower(options, io).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(/^--spec-keys: number 2 is no key: a key is ed25519:/);
  expect((error as UsageError).message).not.toContain(secret.slice(0, 16));
});
