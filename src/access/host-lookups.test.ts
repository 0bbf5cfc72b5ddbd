// Tests of guesses at hosts' keys: what they cost the store, and that hosts are not kept out by
// them.
import { expect, it } from "vitest";
import { memoryStore } from "../store/memory.ts";
import { type Store, Unreadable } from "../store/store.ts";
import { AccessError } from "./access-error.ts";
import { enrolHost } from "./enrolment.ts";
import { MAX_LISTED_A_SECOND, MAX_NEW_A_SECOND, MAX_OF_ONE_A_SECOND } from "./host-lookups.ts";
import { createKeyring } from "./keyring.ts";

const GUESS = "A".repeat(43);

function setUp() {
  const time = { now: 1e12 };
  const clock = () => time.now;
  const memory = memoryStore({ clock });
  const reads = { gets: 0, lists: 0 };
  const unreadable = new Set<string>();
  const store: Store = {
    ...memory,
    get: async (key, options) => {
      reads.gets++;
      if (unreadable.has(key)) throw new Unreadable("another user's");
      return await memory.get(key, options);
    },
    list: (...given) => {
      reads.lists++;
      return memory.list(...given);
    },
  };
  const notices: string[] = [];
  const keyring = createKeyring({ store, clock, onNotice: (notice) => notices.push(notice) });
  let guesses = 0;
  /** @returns the host; 401, or the error's code */
  const verify = async (secret: string) => {
    try {
      return (await keyring.verify(secret))?.host ?? 401;
    } catch (error) {
      if (error instanceof AccessError) return error.code;
      throw error;
    }
  };
  return {
    time,
    reads,
    unreadable,
    notices,
    verify,
    enrol: async (id: string) => {
      const outcome = await enrolHost(
        memory,
        { id, machine: "a".repeat(64), boot: "b".repeat(64), proven: undefined },
        { clock },
      );
      if (!("secret" in outcome)) throw new Error(outcome.refusal);
      return outcome.secret;
    },
    flood: async () => {
      const answers = new Set<unknown>();
      for (let count = 0; count < 500; count++) answers.add(await verify(`rh_guess-${++guesses}_${GUESS}`));
      return answers;
    },
  };
}

it(
  "a flood of them costs some reads a second and no list more, and hosts that are " +
    "known or enrolled get through",
  async () => {
    const { time, reads, verify, enrol, flood } = setUp();
    const known = await enrol("known");
    expect(await verify(known)).toBe("known");
    const late = await enrol("late");
    for (let second = 0; second < 3; second++) {
      time.now += 1001;
      Object.assign(reads, { gets: 0, lists: 0 });
      // What was not read is not said to be wrong.
      expect(await flood()).toEqual(new Set([401, "too_many_requests"]));
      expect(reads.gets).toBe(MAX_NEW_A_SECOND);
      expect(reads.lists).toBeLessThanOrEqual(1);
      for (let count = 0; count < 20; count++) expect(await verify(known)).toBe("known");
      expect(await verify(late)).toBe("late");
    }
    // It enrols in the flood: the next list shows it.
    const newest = await enrol("newest");
    expect(await verify(newest)).toBe("too_many_requests");
    time.now += 1001;
    await flood();
    expect(await verify(newest)).toBe("newest");
  },
);

it(
  "guesses at enrolled hosts are bounded too, and take nothing from the host itself " + "nor from others",
  async () => {
    const { time, reads, verify, enrol, flood } = setUp();
    const secrets = await Promise.all(Array.from({ length: 100 }, (_, at) => enrol(`host-${at}`)));
    const [first = "", second = ""] = secrets;
    expect(await verify(first)).toBe("host-0");
    time.now += 1001;
    for (let count = 0; count < 100; count++) await verify(`rh_host-0_${GUESS}`);
    expect(await verify(first)).toBe("host-0");
    expect(await verify(second)).toBe("host-1");
    await flood();
    time.now += 1001;
    reads.gets = 0;
    for (let count = 0; count < 10; count++)
      for (let at = 0; at < 100; at++) await verify(`rh_host-${at}_${GUESS}`);
    expect(reads.gets).toBe(MAX_NEW_A_SECOND + MAX_LISTED_A_SECOND);
    time.now += 1001;
    reads.gets = 0;
    for (let count = 0; count < 100; count++) await verify(`rh_host-0_${GUESS}`);
    expect(reads.gets).toBe(MAX_OF_ONE_A_SECOND);
  },
);

it(
  "an enrolment that cannot be read is to strangers as one that is not there, and the " +
    "operator hears of it once",
  async () => {
    const { verify, enrol, unreadable, notices } = setUp();
    const secret = await enrol("theirs");
    unreadable.add("keys/v1/hosts/theirs.json");
    for (const one of [secret, `rh_theirs_${GUESS}`, `rh_none_${GUESS}`]) expect(await verify(one)).toBe(401);
    expect(notices).toEqual(["the enrolment of theirs cannot be read, and its key opens nothing"]);
  },
);
