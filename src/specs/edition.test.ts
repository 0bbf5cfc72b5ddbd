// Tests of editions: only what a trusted key signed is read, and each host takes its part.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { choosePart, type Edition, MAX_EDITION_BYTES, readEdition, signEdition } from "./edition.ts";
import { sealEnvelope } from "./envelope.ts";
import { makeKeyPair, parsePrivateKey, parsePublicKey } from "./spec-key.ts";

function makeKey() {
  const { privatePem, publicText } = makeKeyPair();
  const [secret, trusted] = [parsePrivateKey(privatePem), parsePublicKey(publicText)];
  if (!secret || !trusted) throw new Error("a pair that cannot be read back");
  return { secret, trusted };
}

const OURS = makeKey();
const THEIRS = makeKey();

const EDITION: Edition = {
  format: 1,
  number: 7,
  issued_at: "2026-01-01T00:00:00Z",
  expires_at: "2026-04-01T00:00:00Z",
  parts: [{ spec: "version: 1\ncollect:\n  - host:\n" }],
};

describe("a signed edition", () => {
  it("is read back by whoever trusts its key, also among others", () => {
    const bytes = signEdition(EDITION, OURS.secret);
    expect(readEdition(bytes, [THEIRS.trusted, OURS.trusted])).toEqual({
      edition: EDITION,
      keyId: OURS.trusted.id,
    });
  });

  it("is refused where its key is not trusted, with the name of the key", () => {
    const bytes = signEdition(EDITION, THEIRS.secret);
    expect(readEdition(bytes, [OURS.trusted])).toEqual({
      refusal: expect.stringContaining(THEIRS.trusted.id),
    });
    expect(readEdition(bytes, [])).toHaveProperty("refusal");
  });

  it("is refused if any byte of it was changed", () => {
    const bytes = signEdition(EDITION, OURS.secret);
    fc.assert(
      fc.property(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const read = readEdition(changed, [OURS.trusted]);
        // The key's name is a hint, and white space in base64 or JSON says nothing: what is read is
        // what was signed.
        if ("edition" in read) expect(read.edition).toEqual(EDITION);
        else expect(read.refusal).not.toBe("");
      }),
      { numRuns: runs(400) },
    );
  });

  it("is refused if what is signed is of another kind, or signed for another", () => {
    const payload = Buffer.from(JSON.stringify(EDITION));
    const other = sealEnvelope("application/vnd.other+json", payload, OURS.secret);
    expect(readEdition(other, [OURS.trusted])).toEqual({ refusal: "it is of another kind" });
    const relabelled = Buffer.from(
      other.toString().replace("vnd.other+json", "vnd.rollcall.spec-edition.v1+json"),
    );
    expect(readEdition(relabelled, [OURS.trusted])).toHaveProperty("refusal");
    const later = signEdition({ ...EDITION, format: 2 as 1 }, OURS.secret);
    expect(readEdition(later, [OURS.trusted])).toEqual({ refusal: expect.stringContaining("version") });
  });

  it("is refused if it is no envelope, or too large", () => {
    for (const text of ["", "null", "{}", "[]", '{"payloadType":"x"}', "\u0000"]) {
      expect(readEdition(Buffer.from(text), [OURS.trusted])).toEqual({ refusal: "it is no signed envelope" });
    }
    expect(readEdition(Buffer.alloc(MAX_EDITION_BYTES + 1), [OURS.trusted])).toHaveProperty("refusal");
  });
});

describe("choosePart", () => {
  const ids = Array.from({ length: 10_000 }, (_, at) => `i-0${at.toString(16).padStart(16, "0")}`);
  const covered = (share: number, spec = "new") =>
    new Set(
      ids.filter(
        (id) => choosePart({ parts: [{ spec, share }, { spec: "old" }] }, { instance_id: id })?.spec === spec,
      ),
    );

  it("gives a canary to its share of the hosts, and to the same ones when the share grows", () => {
    const [tenth, half] = [covered(10), covered(50)];
    expect(Math.abs(tenth.size - 1000)).toBeLessThan(150);
    expect(Math.abs(half.size - 5000)).toBeLessThan(300);
    for (const id of tenth) expect(half).toContain(id);
    expect(covered(100).size).toBe(ids.length);
  });

  it("gives another spec to other hosts first", () => {
    const [one, other] = [covered(10), covered(10, "newer")];
    expect([...one].filter((id) => other.has(id)).length).toBeLessThan(200);
  });

  it("goes by filters, of which all must match", () => {
    const parts = [
      {
        spec: "staging gpu",
        filters: [
          { field: "instance_name" as const, pattern: "staging_*" },
          { field: "instance_type" as const, pattern: "g*" },
        ],
      },
    ];
    const host = { instance_id: "a", instance_name: "staging_1", instance_type: "g4dn.xlarge" };
    expect(choosePart({ parts }, host)?.spec).toBe("staging gpu");
    expect(choosePart({ parts }, { ...host, instance_type: "m5.large" })).toBeUndefined();
    expect(choosePart({ parts }, { instance_id: "a" })).toBeUndefined();
  });
});

describe("keys", () => {
  it("are told from what is none", () => {
    expect(parsePublicKey("ed25519:short")).toBeUndefined();
    expect(parsePublicKey(`rsa:${"A".repeat(43)}`)).toBeUndefined();
    expect(parsePrivateKey("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")).toBeUndefined();
  });
});
