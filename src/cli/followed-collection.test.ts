// Tests of following published specs on a host: what is tried, what is undone, and what the first report says.
import { expect, it } from "vitest";
import type { FollowedSpec, Refusal, SpecFollower } from "../agent/spec-follower.ts";
import { parseSpec } from "../spec/spec.ts";
import { openCollection } from "./collection.ts";
import { followSpecs } from "./followed-collection.ts";
import { makeIo } from "./io-double.ts";

const SIGNAL = new AbortController().signal;
const spec = (...steps: string[]) => `version: 1\ncollect:\n  - host:\n${steps.map((step) => `  - ${step}\n`).join("")}`;
const A = "file: { path: /a, fields: { a: { pattern: .+ } } }";
const MOVED = "file: { path: /nowhere, fields: { a: { pattern: .+ } } }";
const OS = "os:";

function toFollowed(text: string, edition: number): FollowedSpec {
  const parsed = parseSpec(text);
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  return { spec: parsed.spec, digest: parsed.digest, edition };
}

/** A host with a spec of its own, and a follower that hands over what it is told to. */
async function setUp(own: string) {
  const io = await makeIo({
    files: {
      "spec.yaml": own,
      "root/etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n",
      "root/a": "1\n",
      "root/etc/os-release": "ID=debian\n",
    },
  });
  const published: (FollowedSpec | undefined)[] = [];
  const trials: string[] = [];
  let refusal: Refusal | undefined;
  const follower: SpecFollower = {
    load: async () => undefined,
    poll: async () => published.shift(),
    look: async () => undefined,
    beginTrial: async ({ edition }) => void trials.push(`begin ${edition}`),
    cancelTrial: async () => void trials.push("cancel"),
    endTrial: async ({ edition }, fault) => void trials.push(`end ${edition}${fault === undefined ? "" : `: ${fault}`}`),
    get refusal() {
      return refusal;
    },
    edition: undefined,
  };
  const notices: string[] = [];
  const refused = () => ({ refused: refusal });
  const local = await openCollection({ specFile: "spec.yaml", root: "root", edition: refused }, io);
  return {
    collection: followSpecs(local, follower, (notice) => void notices.push(notice)),
    published,
    trials,
    notices,
    refuse: (detail: string) => {
      refusal = { detail };
    },
  };
}

it("undoes a spec that loses a field which the host reported before, though its other steps work", async () => {
  const { collection, published, trials } = await setUp(spec(A));
  await collection.collect({ all: true }, SIGNAL);
  published.push(toFollowed(spec(MOVED, OS), 2));
  await collection.check();
  const { bytes } = await collection.collect({ changed: [] }, SIGNAL);
  expect(JSON.parse(bytes.toString())).toMatchObject({ a: "1" });
  expect(trials).toEqual([
    "begin 2",
    expect.stringMatching(/^end 2: a, which this host reported before, cannot be read by it: .*\/nowhere/),
  ]);
});

it("takes up one that drops a field, or that fails at one which nobody had", async () => {
  const { collection, published, trials } = await setUp(spec(A));
  await collection.collect({ all: true }, SIGNAL);
  published.push(toFollowed(spec(OS), 2), toFollowed(spec(MOVED, OS), 3));
  for (let at = 0; at < 2; at++) {
    await collection.check();
    await collection.collect({ changed: [] }, SIGNAL);
  }
  expect(trials).toEqual(["begin 2", "end 2", "begin 3", "end 3"]);
});

it("leaves a trial that is stopped in the middle to the next process", async () => {
  const { collection, published, trials } = await setUp(spec(A));
  await collection.collect({ all: true }, SIGNAL);
  published.push(toFollowed(spec(A, OS), 2));
  await collection.check();
  await collection.collect({ changed: [] }, AbortSignal.abort()).catch(() => undefined);
  expect(trials).toEqual(["begin 2", "cancel"]);
});

it("says in its first report, and in the log, that a spec is refused here", async () => {
  const { collection, refuse, notices } = await setUp(spec(A));
  refuse("it runs /bin/sh, which is not allowed");
  const { bytes } = await collection.collect({ all: true }, SIGNAL);
  expect(JSON.parse(bytes.toString()).rollcall.spec_refused).toEqual({ detail: "it runs /bin/sh, which is not allowed" });
  expect(notices).toEqual(["a published spec was refused: it runs /bin/sh, which is not allowed"]);
});
