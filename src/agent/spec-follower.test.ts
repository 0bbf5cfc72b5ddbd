// Tests of following: what is tampered with, replayed, expired, forbidden or broken is refused with
// a reason, through restarts.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Edition, signEdition } from "../specs/edition.ts";
import { makeKeyPair, parsePrivateKey, parsePublicKey } from "../specs/spec-key.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { createSpecFollower, type FollowedSpec } from "./spec-follower.ts";

const HOST = { instance_id: "a", instance_name: "prod_1" };
const START = Date.UTC(2026, 0, 1);
const specOf = (name: string) =>
  `version: 1\ncollect:\n  - host:\n  - file: { path: /${name}, fields: { x: { pattern: . } } }\n`;
const RUNS_SHELL =
  "version: 1\ncollect:\n  - host:\n  - command: { run: [/bin/sh, -c, id], fields: { x: { pattern: . } } }\n";

function makeKey() {
  const pair = makeKeyPair();
  const [secret, trusted] = [parsePrivateKey(pair.privatePem), parsePublicKey(pair.publicText)];
  if (!secret || !trusted) throw new Error("a pair that cannot be read back");
  return { secret, trusted };
}

async function setUp() {
  const folder = await makeFolder();
  const key = makeKey();
  let published: Buffer | undefined;
  let now = START;
  const open = (keys = [key.trusted]) =>
    createSpecFollower({
      fetch: async () => published,
      keys,
      files: { judgeSpec: () => undefined },
      allowedCommands: ["/opt/app/bin/"],
      folder,
      clock: () => now,
      onNotice: (_notice, error) => {
        throw error;
      },
    });
  const make = (number: number, spec: string, more: Partial<Edition> = {}): Edition => ({
    format: 1,
    number,
    issued_at: new Date(START).toISOString(),
    expires_at: new Date(START + 86_400_000).toISOString(),
    parts: [{ spec }],
    ...more,
  });
  return {
    folder,
    key,
    open,
    publish: (number: number, spec: string, more: Partial<Edition> = {}, secret = key.secret) => {
      published = signEdition(make(number, spec, more), secret);
      return published;
    },
    put: (bytes: Buffer) => {
      published = bytes;
    },
    pass: (ms: number) => {
      now += ms;
    },
    /** Takes what is published, and says that it works. */
    async take(follower: ReturnType<typeof open>): Promise<FollowedSpec> {
      const spec = await follower.poll(HOST);
      if (typeof spec !== "object") throw new Error(`not taken: ${follower.refusal?.detail}`);
      await follower.beginTrial(spec);
      await follower.endTrial(spec);
      return spec;
    },
  };
}

describe("a follower", () => {
  it("takes an edition once, and the next one", async () => {
    const { open, publish, take } = await setUp();
    const follower = open();
    expect(await follower.poll(HOST)).toBeUndefined();
    publish(1, specOf("a"));
    expect(await take(follower)).toMatchObject({ edition: 1 });
    expect(await follower.poll(HOST)).toBeUndefined();
    publish(2, specOf("b"));
    expect(await take(follower)).toMatchObject({ edition: 2 });
    publish(3, specOf("b"));
    expect(await follower.poll(HOST)).toBeUndefined();
    expect(follower.refusal).toBeUndefined();
  });

  it(
    "goes on after a restart without the store, and where no part covers the host any " +
      "more goes back to its own",
    async () => {
      const { open, publish, take, put } = await setUp();
      publish(1, specOf("a"));
      const { digest } = await take(open());
      put(Buffer.from(""));
      const follower = open();
      expect(await follower.load(HOST)).toMatchObject({ digest, edition: 1 });
      publish(2, specOf("b"), {
        parts: [{ spec: specOf("b"), filters: [{ field: "instance_name", pattern: "staging_*" }] }],
      });
      expect(await follower.poll(HOST)).toBe("local");
      expect(await follower.poll(HOST)).toBeUndefined();
    },
  );

  it(
    "refuses what was tampered with, or signed by another, and says so until there is " + "something better",
    async () => {
      const { open, publish, put, take } = await setUp();
      const follower = open();
      const bytes = publish(1, specOf("a"));
      put(Buffer.from(bytes.toString().replace('"payload":"ey', '"payload":"eX')));
      expect(await follower.poll(HOST)).toBeUndefined();
      expect(follower.refusal?.detail).toContain("no key that is trusted here");
      publish(1, specOf("a"), {}, makeKey().secret);
      expect(await follower.poll(HOST)).toBeUndefined();
      expect(follower.refusal?.detail).toContain("no key that is trusted here");
      publish(1, specOf("a"));
      await take(follower);
      expect(follower.refusal).toBeUndefined();
    },
  );

  it(
    "refuses a replayed edition, also after a restart, and another one with a number " + "that was used",
    async () => {
      const { open, publish, take } = await setUp();
      const first = open();
      publish(1, specOf("a"));
      await take(first);
      publish(2, specOf("b"));
      await take(first);
      for (const follower of [first, open()]) {
        await follower.load(HOST);
        publish(1, specOf("a"));
        expect(await follower.poll(HOST)).toBeUndefined();
        expect(follower.refusal).toEqual({
          edition: 1,
          detail: expect.stringContaining("not newer than edition 2"),
        });
        // Who follows tells what is new by it.
        const { refusal } = follower;
        await follower.poll(HOST);
        expect(follower.refusal).toBe(refusal);
        publish(2, specOf("c"));
        expect(await follower.poll(HOST)).toBeUndefined();
        expect(follower.refusal).toMatchObject({ edition: 2 });
      }
    },
  );

  it("refuses an expired edition, and goes on with one that expires later", async () => {
    const { open, publish, take, pass } = await setUp();
    const follower = open();
    publish(1, specOf("a"));
    await take(follower);
    pass(2 * 86_400_000);
    expect(await follower.poll(HOST)).toBeUndefined();
    expect(follower.refusal).toBeUndefined();
    publish(2, specOf("b"));
    expect(await follower.poll(HOST)).toBeUndefined();
    expect(follower.refusal).toMatchObject({ edition: 2, detail: expect.stringContaining("expired") });
  });

  it("refuses programs that the host's policy does not allow", async () => {
    const { open, publish } = await setUp();
    const follower = open();
    publish(1, RUNS_SHELL);
    expect(await follower.poll(HOST)).toBeUndefined();
    expect(follower.refusal?.detail).toContain("/bin/sh");
    publish(2, RUNS_SHELL.replace("/bin/sh", "/opt/app/bin/../../../bin/sh"));
    expect(await follower.poll(HOST)).toBeUndefined();
    publish(3, RUNS_SHELL.replace("/bin/sh", "/opt/app/bin/app"));
    expect(await follower.poll(HOST)).toMatchObject({ edition: 3 });
  });

  it("does not try again what broke here, and keeps what worked, also after a restart", async () => {
    const { open, publish, take } = await setUp();
    const follower = open();
    publish(1, specOf("a"));
    const { digest } = await take(follower);
    publish(2, specOf("broken"));
    const broken = await follower.poll(HOST);
    if (typeof broken !== "object") throw new Error("not taken");
    await follower.beginTrial(broken);
    await follower.endTrial(broken, "it broke");
    for (const one of [follower, open()]) {
      if (one !== follower) expect(await one.load(HOST)).toMatchObject({ digest });
      expect(await one.poll(HOST)).toBeUndefined();
      expect(one.refusal).toEqual({ edition: 2, detail: expect.stringContaining("undone: it broke") });
    }
    publish(3, specOf("a"));
    expect(await follower.poll(HOST)).toBeUndefined();
    expect(follower.refusal).toBeUndefined();
  });

  it("takes a second death in the middle of a trial for a failure, and an orderly end for none", async () => {
    const { open, publish, take } = await setUp();
    const follower = open();
    publish(1, specOf("a"));
    const { digest } = await take(follower);
    publish(2, specOf("deadly"));
    const deadly = await follower.poll(HOST);
    if (typeof deadly !== "object") throw new Error("not taken");
    for (let stop = 0; stop < 3; stop++) {
      await follower.beginTrial(deadly);
      await follower.cancelTrial();
    }
    await follower.beginTrial(deadly);
    // Once may be a reboot.
    const second = open();
    expect(await second.load(HOST)).toMatchObject({ digest });
    expect(await second.poll(HOST)).toMatchObject({ edition: 2 });
    await second.beginTrial(deadly);
    const next = open();
    expect(await next.load(HOST)).toMatchObject({ digest });
    expect(await next.poll(HOST)).toBeUndefined();
    expect(next.refusal?.detail).toContain("the agent ended twice while it was tried");
    await expect(next.checkForEdition(HOST)).rejects.toThrow("the agent ended twice");
  });

  it("begins anew from a damaged state", async () => {
    const { folder, open, publish, take } = await setUp();
    publish(1, specOf("a"));
    await take(open());
    const path = join(folder, "spec.json");
    const whole = await readFile(path);
    for (const content of ["", "{", whole.subarray(0, whole.length / 2), '{"highest":"x"}']) {
      await writeFile(path, content);
      const follower = open();
      expect(await follower.load(HOST)).toBeUndefined();
      expect(await follower.poll(HOST)).toMatchObject({ edition: 1 });
    }
  });

  it(
    "lets no older edition in though its state is damaged, or older than what it " + "remembers beside it",
    async () => {
      const { folder, open, publish, take } = await setUp();
      publish(1, specOf("a"));
      await take(open());
      const path = join(folder, "spec.json");
      const older = await readFile(path);
      publish(2, specOf("b"));
      await take(open());
      for (const content of ["{", older]) {
        await writeFile(path, content);
        publish(1, specOf("a"));
        const follower = open();
        await follower.load(HOST);
        expect(await follower.poll(HOST)).toBeUndefined();
        expect(follower.refusal?.detail).toContain("not newer than edition 2");
        publish(2, specOf("b"));
        expect(await follower.poll(HOST)).toMatchObject({ edition: 2 });
      }
    },
  );

  it("forgets what a key signed that is trusted no more", async () => {
    const { open, publish, take } = await setUp();
    publish(1, specOf("a"));
    await take(open());
    expect(await open([makeKey().trusted]).load(HOST)).toBeUndefined();
  });
});
