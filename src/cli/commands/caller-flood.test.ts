// Tests of enrolment while strangers cause as many requests to STS as they can, without end.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CallerProof } from "../../access/caller-identity.ts";
import { refusal, setUp } from "../../testing/caller-lab.ts";

const NO_SIGNATURE = "0".repeat(64);

/** What takes connections and never answers, as an address behind a firewall that drops packets. */
async function startSilence() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server from which AWS's own endpoints lead into silence. */
async function setUpFlood() {
  const silence = await startSilence();
  const silent = { now: 0, peak: 0, all: 0 };
  const lab = await setUp({
    fetch: async (url, init) => {
      const target = String(url).replace(/^https:\/\/[^/]*/, silence);
      if (!target.startsWith(silence)) return fetch(url, init);
      silent.all++;
      silent.peak = Math.max(silent.peak, ++silent.now);
      return fetch(target, init).finally(() => silent.now--);
    },
  });
  let isOver = false;
  const strangers: Promise<void>[] = [];
  return {
    ...lab,
    silent,
    /** Each sends one after the other, with a new nonce each time. */
    flood: (count: number, aim: (turn: number) => Partial<CallerProof>) => {
      for (let turn = 0; turn < count; turn++)
        strangers.push(
          (async () => {
            while (!isOver) {
              await lab.enrol({ caller: { ...(await lab.prove()), signature: NO_SIGNATURE, ...aim(turn) } });
              // A refusal at once must not keep the others from running.
              await setImmediate();
            }
          })(),
        );
    },
    stop: async () => {
      isOver = true;
      await Promise.all(strangers);
    },
  };
}

const toEndpoint = (region: string) => ({ region, endpoint: `https://sts.${region}.amazonaws.com` });

describe("a host that enrols by a GetCallerIdentity", () => {
  it(
    "does so while Regions that do not answer, and made-up ones, have all that " +
      "strangers may cause, for ever",
    async () => {
      const { flood, stop, prove, enrol, sts, silent } = await setUpFlood();
      flood(16, () => toEndpoint("eu-west-1"));
      flood(16, (turn) => toEndpoint(`xx-made-${turn}`));
      // Eight of the Region that AWS has, two of those that nobody has; and then each place is
      // taken anew.
      for (const all of [10, 25]) {
        await expect.poll(() => silent.all, { timeout: 60_000 }).toBeGreaterThanOrEqual(all);
        for (let turn = 0; turn < 3; turn++)
          expect((await enrol({ caller: await prove() })).status).toBe(201);
      }
      expect(sts.requests).toHaveLength(6);
      await stop();
      expect(silent.peak).toBe(10);
    },
  );

  it("does so while strangers have all turns of its own Region's STS, which answers", async () => {
    const { flood, stop, prove, enrol, sts } = await setUpFlood();
    flood(24, () => ({}));
    await expect.poll(() => sts.requests.length).toBeGreaterThan(24);
    for (let turn = 0; turn < 5; turn++) expect((await enrol({ caller: await prove() })).status).toBe(201);
    await stop();
  });

  it(
    "hears at once that too many wait, and to come again; and no nonce is asked about " + "for ever",
    async () => {
      const { prove, enrol } = await setUpFlood();
      const proofs = await Promise.all(Array.from({ length: 41 }, () => prove()));
      const answers = proofs.map((caller) => enrol({ caller: { ...caller, ...toEndpoint("eu-west-1") } }));
      expect(await answers.at(-1)).toMatchObject({
        status: 503,
        retryAfter: "5",
        json: { detail: expect.stringMatching(/too many.*32 wait/) },
      });
      const caller = { ...(await prove()), signature: NO_SIGNATURE };
      for (let turn = 0; turn < 3; turn++)
        expect(await refusal(enrol({ caller }))).toMatch(/403 AWS does not take/);
      expect(await refusal(enrol({ caller }))).toMatch(
        /403 the nonce has been tried 3 times; ask for another/,
      );
      expect((await enrol({ caller: await prove() })).status).toBe(201);
      await Promise.all(answers);
    },
  );
});
