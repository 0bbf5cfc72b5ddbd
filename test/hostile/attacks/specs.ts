// Tries at signed specs: mutants of editions and of their signatures, before an agent's follower.
import { join } from "node:path";
import { createSpecFollower } from "../../../src/agent/spec-follower.ts";
import { digestSpec, type Edition, signEdition } from "../../../src/specs/edition.ts";
import { makeKeyPair, parsePrivateKey, parsePublicKey } from "../../../src/specs/spec-key.ts";
import type { Attack } from "./attack.ts";
import { mutateBytes, mutateJson, pick } from "./mutation.ts";

const HOST = { instance_id: "i-1", instance_name: "prod_1" };
const DAY_MS = 86_400_000;
const specOf = (number: number) =>
  `version: 1\ncollect:\n  - host:\n  - file: { path: /etc/${number}, fields: { x: { pattern: . } } }\n`;
const EVIL =
  "version: 1\ncollect:\n  - host:\n  - file: { path: /etc/shadow, fields: { x: { pattern: . } } }\n";

export const specForgeries: Attack = {
  name: "specs",
  summary: "forged editions of specs",
  few: 200,
  async run(arena) {
    const [ours, theirs] = [makeKey(), makeKey()];
    let published: Buffer | undefined;
    const follower = createSpecFollower({
      fetch: async () => published,
      keys: [ours.trusted],
      files: { judgeSpec: () => undefined },
      allowedCommands: [],
      folder: join(arena.home, "state"),
      clock: Date.now,
      onNotice: (notice) => arena.wrong(notice),
    });
    let number = 1;
    const take = async (forgery: string | undefined) => {
      const taken = await follower.poll(HOST);
      if (taken === undefined) return arena.count("refused");
      const isHonest =
        taken !== "local" && taken.digest === digestSpec(specOf(number)) && taken.edition === number;
      if (!isHonest) return arena.wrong(`a forgery was taken: ${forgery?.slice(0, 3000)}`);
      await follower.beginTrial(taken);
      await follower.endTrial(taken);
      number++;
      arena.count("taken, since nothing that is signed was changed");
    };
    published = signEdition(makeEdition(number, specOf(number)), ours.secret);
    await take(undefined);
    while (arena.goOn()) {
      const honest = signEdition(makeEdition(number, specOf(number)), ours.secret);
      published = forge(honest, makeEdition(number, EVIL), theirs.secret, arena.random);
      await take(published.toString());
    }
    published = signEdition(makeEdition(number, specOf(number)), ours.secret);
    const before = number;
    await take(undefined);
    if (number !== before + 1)
      arena.wrong(`the honest edition is not taken after the forgeries: ${follower.refusal?.detail}`);
  },
};

function makeKey() {
  const pair = makeKeyPair();
  const [secret, trusted] = [parsePrivateKey(pair.privatePem), parsePublicKey(pair.publicText)];
  if (!secret || !trusted) throw new Error("a pair that cannot be read back");
  return { secret, trusted };
}

function makeEdition(number: number, spec: string): Edition {
  const [issued_at, expires_at] = [0, DAY_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [
    string,
    string,
  ];
  return { format: 1, number, issued_at, expires_at, parts: [{ spec }] };
}

type Envelope = { payload: string; payloadType: string; signatures: { keyid: string; sig: string }[] };

/**
 * One forgery: another payload under the signature, another's signature, the two joined, or bytes
 * turned anywhere.
 */
function forge(
  honest: Buffer,
  evil: Edition,
  stranger: Parameters<typeof signEdition>[1],
  random: () => number,
): Buffer {
  const [own, foreign] = [honest, signEdition(evil, stranger)].map(
    (bytes) => JSON.parse(bytes.toString()) as Envelope,
  ) as [Envelope, Envelope];
  const [ownSignature, foreignSignature] = [own.signatures[0], foreign.signatures[0]] as [
    Envelope["signatures"][0],
    Envelope["signatures"][0],
  ];
  const payload = Buffer.from(own.payload, "base64");
  return pick(
    [
      () => mutateBytes(honest, random),
      () => mutateJson(own, random),
      () => write({ ...own, payload: foreign.payload }),
      () => write({ ...foreign, signatures: [{ ...foreignSignature, keyid: ownSignature.keyid }] }),
      () => write({ ...foreign, signatures: [ownSignature, foreignSignature] }),
      () => write({ ...own, payload: mutateBytes(payload, random).toString("base64") }),
      () => write({ ...own, payloadType: `${own.payloadType} ` }),
      () => {
        const sig = mutateBytes(Buffer.from(ownSignature.sig, "base64"), random).toString("base64");
        return write({
          ...own,
          payload: mutateJson(JSON.parse(payload.toString()), random).toString("base64"),
          signatures: [{ ...ownSignature, sig }],
        });
      },
    ],
    random,
  )();
}

const write = (envelope: Envelope): Buffer => Buffer.from(JSON.stringify(envelope));
