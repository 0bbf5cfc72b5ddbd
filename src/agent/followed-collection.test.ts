// Tests of following published specs on a host: what is tried, what is undone, and what the first
// report says.

import { link, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openMachine } from "../collect/machine.ts";
import { createObservationStore } from "../collect/observations.ts";
import { compileFilePolicy } from "../specs/file-policy.ts";
import { parseSpec } from "../specs/spec.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { openCollection } from "./collection.ts";
import { followSpecs } from "./followed-collection.ts";
import type { EditionRefusal, FollowedSpec, SpecFollower } from "./spec-follower.ts";

const SIGNAL = new AbortController().signal;
const spec = (...steps: string[]) =>
  `version: 1\ncollect:\n  - host:\n${steps.map((step) => `  - ${step}\n`).join("")}`;
const A = "file: { path: /a, fields: { a: { pattern: .+ } } }";
const MOVED = "file: { path: /nowhere, fields: { a: { pattern: .+ } } }";
const OS = "os:";

function toFollowed(text: string, edition: number): FollowedSpec {
  const parsed = parseSpec(text);
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  return { spec: parsed.spec, digest: parsed.digest, edition };
}

/** A host with a spec of its own, and a follower that hands over what it is told to. */
async function setUp(own: string, policy: { allowFiles?: string[]; allowCredentials?: string[] } = {}) {
  const folder = await makeFolder({
    "spec.yaml": own,
    "root/etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n",
    "root/a": "1\n",
    "root/b": "password=hunter2hunter2\n",
    "root/etc/shadow": "root:secret\n",
    "root/etc/os-release": "ID=debian\n",
    "root/app": "#!/bin/sh\necho the trial time is over >&2\nexit 3\n",
  });
  const published: (FollowedSpec | undefined)[] = [];
  const trials: string[] = [];
  let refusal: EditionRefusal | undefined;
  const allowance = {
    files: compileFilePolicy({ allowed: policy.allowFiles ?? undefined, own: [], variables: [] }),
    allowedCredentials: policy.allowCredentials ?? [],
  };
  const follower: SpecFollower = {
    load: async () => undefined,
    poll: async () => published.shift(),
    checkForEdition: async () => undefined,
    beginTrial: async ({ edition }) => void trials.push(`begin ${edition}`),
    cancelTrial: async () => void trials.push("cancel"),
    endTrial: async ({ edition }, fault) =>
      void trials.push(`end ${edition}${fault === undefined ? "" : `: ${fault}`}`),
    get refusal() {
      return refusal;
    },
    edition: undefined,
  };
  const notices: string[] = [];
  const refused = () => ({ refused: refusal });
  const root = join(folder, "root");
  const path = join(folder, "spec.yaml");
  const local = await openCollection({
    host: { ...openMachine({ root, environment: {} }), memory: createObservationStore() },
    specFile: { name: "spec.yaml", path, read: () => readFile(path) },
    agentVersion: "0.0.0-test",
    edition: refused,
  });
  return {
    root,
    collection: followSpecs(local, follower, {
      allowance,
      agentVersion: "0.0.0-test",
      onNotice: (notice) => void notices.push(notice),
    }),
    published,
    trials,
    notices,
    refuse: (detail: string) => {
      refusal = { detail };
    },
  };
}

it(
  "undoes a spec that loses a field which the host reported before, though its other " + "steps work",
  async () => {
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
  },
);

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
  expect(JSON.parse(bytes.toString()).rollcall.spec_refused).toEqual({
    detail: "it runs /bin/sh, which is not allowed",
  });
  expect(notices).toEqual(["a published spec was refused: it runs /bin/sh, which is not allowed"]);
});

it(
  "reads what the policy lets it, after links; its own spec and the host's facts are " + "the host's",
  async () => {
    const linked = "file: { path: /link, fields: { c: { pattern: .+ } } }";
    const { collection, published, root } = await setUp(spec(A, linked), {
      allowFiles: ["/a", "/link", "/glob/"],
    });
    // As a link within a root that stands in for the host: relative, so that it stays there.
    await symlink("etc/shadow", join(root, "link"));
    const own = JSON.parse((await collection.collect({ all: true }, SIGNAL)).bytes.toString()) as object;
    expect(own).toMatchObject({ a: "1", c: "root:secret" });
    const other = "file: { path: /b, fields: { b: { pattern: .+, optional: true } } }";
    const find = "files: { glob: '/{link,a}', into: d, fields: { c: { pattern: .+ } } }";
    published.push(toFollowed(spec(A, OS, other, find), 2));
    await collection.check();
    const { bytes, unread } = await collection.collect({ changed: [] }, SIGNAL);
    expect(JSON.parse(bytes.toString())).toMatchObject({ a: "1", os: { id: "debian" }, d: [{ c: "1" }] });
    expect(bytes.toString()).not.toContain("secret");
    expect(unread).toEqual([
      { what: "/b", reason: "this host's policy (allow_files) does not let published specs read /b" },
      { what: "/link", reason: "published specs may not read /etc/shadow, unless allow_files names it" },
    ]);
  },
);

it("reads no secret under another name, which a hard link gives it as a bind mount does", async () => {
  const { collection, published, root } = await setUp(spec(A));
  await mkdir(join(root, "conf"));
  await link(join(root, "etc/shadow"), join(root, "conf/app.conf"));
  await collection.collect({ all: true }, SIGNAL);
  published.push(
    toFollowed(spec(OS, "files: { glob: '/conf/*', into: d, fields: { c: { pattern: .+ } } }"), 2),
  );
  await collection.check();
  const { bytes, unread } = await collection.collect({ changed: [] }, SIGNAL);
  expect(JSON.parse(bytes.toString())).toMatchObject({ d: [] });
  expect(unread).toEqual([
    {
      what: "/conf/app.conf",
      reason: "published specs may not read /etc/shadow, unless allow_files names it",
    },
  ]);
});

it("masks credentials unless the host's own configuration agrees", async () => {
  const text =
    `${spec("file: { path: /b, fields: { password: { pattern: 'password=(.+)' } } }")}allow_credentials: ` +
    "[password]\n";
  for (const [allowCredentials, shown] of [
    [[], false],
    [["password"], true],
  ] as const) {
    const { collection, published } = await setUp(spec(OS), { allowCredentials: [...allowCredentials] });
    await collection.collect({ all: true }, SIGNAL);
    published.push(toFollowed(text, 2));
    await collection.check();
    expect((await collection.collect({ changed: [] }, SIGNAL)).bytes.includes("hunter2hunter2")).toBe(shown);
  }
});

it("takes a spec whose program says that some time is over, for that is not the run's", async () => {
  const { collection, published, trials } = await setUp(spec(A));
  await collection.collect({ all: true }, SIGNAL);
  const words = "command: { run: [/app], fields: { b: { pattern: .+ } } }";
  published.push(toFollowed(spec(A, words), 2));
  await collection.check();
  const { results } = await collection.collect({ changed: [] }, SIGNAL);
  expect(results.at(-1)?.unread[0]?.reason).toMatch(/time is over/);
  expect(trials).toEqual(["begin 2", "end 2"]);
});
