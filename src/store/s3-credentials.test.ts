// Credentials: found once, renewed in time, shared, and explained when there are none.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createCredentialsCache, loadFromChain } from "./s3-credentials.ts";
import type { Credentials } from "./s3-signature.ts";

const MINUTE = 60_000;
const START = 1_700_000_000_000;

function makeSource(lifeMs: number) {
  const time = { now: START };
  const asked: boolean[] = [];
  const failure: { error?: Error } = {};
  const keeper = createCredentialsCache(
    async (isForced) => {
      asked.push(isForced);
      if (failure.error) throw failure.error;
      return {
        accessKeyId: `id-${asked.length}`,
        secretAccessKey: "s",
        expiration: new Date(time.now + lifeMs),
      };
    },
    () => time.now,
  );
  const id = async () => (await keeper.get()).accessKeyId;
  return { keeper, time, asked, failure, id };
}

describe("createCredentialsCache", () => {
  it("asks once for all who come at once, and again five minutes before the end", async () => {
    const { time, asked, id } = makeSource(60 * MINUTE);
    expect(await Promise.all([id(), id(), id()])).toEqual(["id-1", "id-1", "id-1"]);
    time.now += 55 * MINUTE - 1;
    expect(await id()).toBe("id-1");
    time.now += 1;
    expect(await Promise.all([id(), id()])).toEqual(["id-2", "id-2"]);
    expect(asked).toEqual([false, false]);
  });

  it(
    "goes on with those that still work when there are no new ones, and fails once " + "they have ended",
    async () => {
      const { time, failure, id } = makeSource(60 * MINUTE);
      await id();
      failure.error = new Error("no role");
      time.now += 59 * MINUTE;
      expect(await id()).toBe("id-1");
      time.now += MINUTE;
      await expect(id()).rejects.toThrow("no role");
    },
  );

  it("gets others for those that were refused, once for all", async () => {
    const { keeper, asked } = makeSource(60 * MINUTE);
    const refused = await keeper.get();
    const others = await Promise.all([keeper.replace(refused), keeper.replace(refused)]);
    expect(others.map((other) => other?.accessKeyId)).toEqual(["id-2", "id-2"]);
    expect((await keeper.replace(refused))?.accessKeyId).toBe("id-2");
    expect(asked).toEqual([false, true]);
  });

  it("has no others where they never change", async () => {
    const fixed: Credentials = { accessKeyId: "id", secretAccessKey: "s" };
    const keeper = createCredentialsCache(
      async () => ({ ...fixed }),
      () => START,
    );
    expect(await keeper.replace(await keeper.get())).toBeUndefined();
  });
});

describe("loadFromChain", () => {
  it("takes the environment's keys, with a session token if there is one", async () => {
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "s" };
    expect(await loadFromChain({ env, profile: undefined })(false)).toEqual({
      accessKeyId: "id",
      secretAccessKey: "s",
    });
    expect(
      await loadFromChain({ env: { ...env, AWS_SESSION_TOKEN: "t" }, profile: undefined })(false),
    ).toEqual({
      accessKeyId: "id",
      secretAccessKey: "s",
      sessionToken: "t",
    });
  });

  /** AWS's library reads the process's own environment. */
  async function useFiles(credentials: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-aws-"));
    await writeFile(join(folder, "credentials"), credentials);
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"));
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    });
  }

  it("takes a profile's keys", async () => {
    await useFiles("[audit]\naws_access_key_id = id-of-audit\naws_secret_access_key = s\n");
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "s" };
    expect(await loadFromChain({ env, profile: "audit" })(false)).toMatchObject({
      accessKeyId: "id-of-audit",
    });
  });

  it("waits no longer than its limit, whatever the chain waits for", async () => {
    // Waits until the test is over, as a connection does that never comes.
    await useFiles(`[slow]\ncredential_process = tail --pid=${process.pid} -f /dev/null\n`);
    const load = loadFromChain({ env: {}, profile: "slow", limitMs: 50 });
    await expect(load(false)).rejects.toMatchObject({
      name: "Unavailable",
      hop: "credentials",
      message: expect.stringContaining("nothing that gives credentials answered within 0.05 s"),
    });
  });

  it("names the ways when it finds none", async () => {
    await useFiles("");
    await expect(loadFromChain({ env: {}, profile: undefined })(false)).rejects.toThrow(
      /found no credentials \(.*\); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile/,
    );
    await expect(loadFromChain({ env: {}, profile: "missing" })(false)).rejects.toThrow(
      /see to the profile "missing"/,
    );
  });
});
