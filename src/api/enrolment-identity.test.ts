// Tests of enrolment by EC2's word: an identity document that is signed by it.
import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { describeDates, parseCertificates } from "../access/identity-document.ts";
import { makeCertificate } from "../testing/certificate.ts";
import { fingerprint, MACHINE, setUpEnrolment as setUp } from "../testing/enrolment-service.ts";

describe("EC2's word", () => {
  const DAY_MS = 86_400_000;

  async function setUpTrust({ now }: { now?: number } = {}) {
    const { certificate, privateKey: key } = makeCertificate({ name: "Amazon", days: 40, kind: "rsa" });
    const certificates = parseCertificates(certificate);
    const vouch = (facts: object) => {
      const document = JSON.stringify(facts, null, 2);
      return { document, signature: sign("RSA-SHA256", Buffer.from(document), key).toString("base64") };
    };
    const trust = { certificates, accounts: ["123456789012"] };
    const before = await setUp();
    return { vouch, before, certificates, ...(await setUp(trust, before.store, now ?? Date.now() + 1000)) };
  }
  const ID = "i-0123456789abcdef0";
  const FACTS = { instanceId: ID, accountId: "123456789012", region: "ap-northeast-1" };

  it("stands in for an enrolment key", async () => {
    const { vouch, enrol, put } = await setUpTrust();
    const { status, json } = await enrol({ id: ID, ...MACHINE, identity: vouch(FACTS) }, "none");
    expect(status).toBe(201);
    expect((await put(ID, json.secret ?? "")).status).toBe(200);
  });

  it("counts only for the instance, its account, and as it was signed", async () => {
    const { vouch, enrol } = await setUpTrust();
    const good = vouch(FACTS);
    for (const identity of [
      vouch({ ...FACTS, instanceId: "i-0aaaaaaaaaaaaaaaa" }),
      vouch({ ...FACTS, accountId: "999999999999" }),
      { ...good, document: `${good.document} ` },
      { ...good, signature: "AAAA" },
      vouch([]),
    ]) {
      expect((await enrol({ id: ID, ...MACHINE, identity }, "none")).status).toBe(403);
    }
  });

  it(
    "alone gives ids of EC2 where it is taken: an enrolment key does not, and is told " +
      "what to do; other ids need the key",
    async () => {
      const { vouch, enrol } = await setUpTrust();
      for (const id of [ID, "i-0badc0de", ID.toUpperCase()]) {
        const { status, json } = await enrol({ id, ...MACHINE });
        expect([status, json.detail]).toEqual([
          403,
          expect.stringMatching(/EC2's word alone.* enrol on the instance itself/),
        ]);
      }
      expect(
        (await enrol({ id: ID, ...MACHINE, identity: { ...vouch(FACTS), signature: "AAAA" } })).status,
      ).toBe(403);
      expect((await enrol({ id: "host-1", ...MACHINE })).status).toBe(201);
      expect((await enrol({ id: "host-2", ...MACHINE, identity: vouch(FACTS) }, "none")).status).toBe(401);
      expect((await enrol({ id: "host-2", ...MACHINE, identity: vouch(FACTS) })).status).toBe(201);
    },
  );

  it(
    "ends what an enrolment key alone had given, for a squatter and for the instance " +
      "itself, which enrols anew",
    async () => {
      const { vouch, before, enrol, put, ask } = await setUpTrust();
      const other = { machine: fingerprint("b"), boot: fingerprint("9") };
      const squatter = await before.enrolled(ID, other);
      expect((await before.put(ID, squatter, other)).status).toBe(200);
      const headers = { "rollcall-machine": other.machine, "rollcall-boot": other.boot };
      expect(await put(ID, squatter, other)).toMatchObject({
        status: 401,
        json: { detail: expect.stringContaining("enrol anew") },
      });
      expect((await ask("DELETE", `/v1/reports/${ID}`, squatter, { headers })).status).toBe(401);
      const { status, json } = await enrol({ id: ID, ...MACHINE, identity: vouch(FACTS) }, "none");
      expect(status).toBe(201);
      expect((await put(ID, json.secret ?? "")).status).toBe(200);
      expect((await enrol({ id: ID, ...other, identity: vouch(FACTS) }, "none")).status).toBe(409);
    },
  );

  it(
    "does not count by a certificate that has expired or is not valid yet, and says so " +
      "with the date and what to do",
    async () => {
      for (const [now, words] of [
        [
          Date.now() + 41 * DAY_MS,
          /expired: .*Amazon.* to \d{4}-\d\d-\d\dT.*; put AWS's present one into the file of --identity-cert/,
        ],
        [Date.now() - DAY_MS, /not valid yet: .*valid from \d{4}-\d\d-\d\dT.*server's clock/],
      ] as const) {
        const { vouch, enrol, certificates } = await setUpTrust({ now });
        const { status, json } = await enrol({ id: ID, ...MACHINE, identity: vouch(FACTS) }, "none");
        expect([status, json.detail]).toEqual([403, expect.stringMatching(words)]);
        expect(describeDates(certificates, now)).toEqual([expect.stringMatching(words)]);
      }
      const { certificates } = await setUpTrust();
      expect(describeDates(certificates, Date.now() + 1000)).toEqual([]);
      expect(describeDates(certificates, Date.now() + 11 * DAY_MS)).toEqual([
        expect.stringContaining("ends within 30 days"),
      ]);
    },
  );
});
