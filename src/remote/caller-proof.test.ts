// Tests of enrolment by a GetCallerIdentity, from the host's signature over the server's checks to
// an STS that verifies it.
import { describe, expect, it } from "vitest";
import { denyHost } from "../access/denials.ts";
import { enrolHost, revokeEnrolment } from "../access/enrolment.ts";
import { createNonces } from "../access/nonces.ts";
import { parseAnswer } from "../access/sts-answer.ts";
import {
  ACCOUNT,
  ID,
  INSTANCE,
  MACHINE,
  makeVoucher,
  OTHER_MACHINE,
  refusal,
  SERVER,
  session,
  setUp,
} from "../testing/caller-lab.ts";
import { formatAnswer } from "../testing/sts-double.ts";
import { makeCallerProof } from "./caller-proof.ts";

describe("a GetCallerIdentity signed by the instance's role", () => {
  it("enrols it, with the server's nonce and address and the machine among what is signed", async () => {
    const { sts, prove, enrol } = await setUp({ roles: ["db", "web-*"] });
    const proof = await prove();
    expect(JSON.stringify(proof)).not.toContain(INSTANCE.secretAccessKey);
    const { status, json } = await enrol({ caller: proof });
    expect([status, json.secret]).toEqual([201, expect.stringMatching(`^rh_${ID}_`)]);
    expect(sts.requests).toMatchObject([
      {
        path: "/",
        body: "Action=GetCallerIdentity&Version=2011-06-15",
        headers: {
          authorization: expect.stringMatching(
            /SignedHeaders=[^,]*x-rollcall-host;x-rollcall-machine;x-rollcall-server;x-rollcall-server-nonce,/,
          ),
          "x-rollcall-server": SERVER,
          "x-rollcall-server-nonce": proof.nonce,
          "x-rollcall-host": ID,
        },
      },
    ]);
  });

  it("counts once, also where it comes twice at a time; and the next enrols anew", async () => {
    const { prove, enrol } = await setUp();
    const caller = await prove();
    const twice = await Promise.all([enrol({ caller }), enrol({ caller })]);
    expect(twice.map(({ status }) => status).sort()).toEqual([201, 403]);
    expect(await refusal(enrol({ caller }))).toMatch(/403 the nonce has been used/);
    expect((await enrol({ caller: await prove() })).status).toBe(201);
  });

  it("counts for a minute, and not by a nonce of another server or of nobody", async () => {
    const { prove, enrol, wait, sts } = await setUp();
    const caller = await prove();
    wait(60_000);
    expect(await refusal(enrol({ caller }))).toMatch(/403 the nonce has ended/);
    wait(-600_000);
    expect(await refusal(enrol({ caller }))).toMatch(/403 the nonce has ended/);
    const elsewhere = await (await setUp()).prove();
    expect(await refusal(enrol({ caller: elsewhere }))).toMatch(/403 the nonce is not of this server/);
    const other = caller.nonce[8] === "A" ? "B" : "A";
    const forged = `${caller.nonce.slice(0, 8)}${other}${caller.nonce.slice(9)}`;
    expect(await refusal(enrol({ caller: { ...caller, nonce: forged } }))).toMatch(
      /403 the nonce is not of this server/,
    );
    expect(sts.requests).toEqual([]);
  });

  it("counts at each server of one store", async () => {
    const first = await setUp();
    const second = await setUp({ store: first.store });
    const { nonce } = await first.prove();
    expect(await createNonces({ store: second.store, clock: first.clock }).check(nonce)).toMatchObject({
      value: nonce,
    });
  });

  it(
    "is refused where it was signed for another server, host, machine or nonce, or " +
      "anything of it was changed",
    async () => {
      const { prove, enrol } = await setUp();
      expect(await refusal(enrol({ caller: await prove({ origin: "https://evil.example" }) }))).toMatch(
        /403 the request was signed for/,
      );
      const relayed = { ...(await prove({ origin: "https://evil.example" })), server: SERVER };
      const other = await prove();
      for (const body of [
        { caller: relayed },
        { caller: await prove({ id: "i-0aaaaaaaaaaaaaaaa" }) },
        { caller: await prove(), ...OTHER_MACHINE },
        { caller: await prove(), boot: OTHER_MACHINE.boot },
        { caller: { ...(await prove()), nonce: other.nonce } },
        { caller: { ...(await prove()), region: "eu-west-1" } },
        { caller: { ...(await prove()), date: "20200101T000000Z" } },
        { caller: { ...(await prove()), access_key_id: "ASIAEXAMPLE000000002" } },
        { caller: { ...(await prove()), session_token: "x" } },
        { caller: { ...(await prove()), signature: "0".repeat(64) } },
      ])
        expect(await refusal(enrol(body))).toMatch(
          /403 AWS does not take the signature: 403 (SignatureDoesNotMatch|InvalidClientTokenId)/,
        );
    },
  );

  it("goes to STS's own addresses alone", async () => {
    const { sts, prove, enrol } = await setUp();
    const caller = await prove();
    for (const endpoint of [
      "https://sts.amazonaws.com.evil.example",
      "https://sts.ap-northeast-1.amazonaws.com.evil.example",
      "https://sts.ap-northeast-1.amazonaws.com@evil.example",
      "https://evil.example#sts.ap-northeast-1.amazonaws.com",
      "https://sts.ap-northeast-1.amazonaws.com:8443",
      "https://sts.ap-northeast-1.amazonaws.com/",
      "https://sts.ap-northeast-1.amazonaws.com/?Action=AssumeRole",
      "http://sts.ap-northeast-1.amazonaws.com",
      "https://sts.eu-west-1.amazonaws.com",
      "https://sts.amazonaws.com",
      "https://ec2.ap-northeast-1.amazonaws.com",
      "https://STS.ap-northeast-1.amazonaws.com",
      `${sts.endpoint}/x`,
      "http://169.254.169.254",
    ])
      expect(await refusal(enrol({ caller: { ...caller, endpoint } }))).toMatch(
        /403 .* is no endpoint of STS/,
      );
    expect(sts.requests).toEqual([]);
  });

  it("has no room for another action, a path, or headers", async () => {
    const { sts, prove, enrol } = await setUp();
    const caller = await prove();
    for (const wrong of [
      { body: "Action=AssumeRole" },
      { url: "https://sts.amazonaws.com/?Action=AssumeRole" },
      { headers: { host: "evil.example" } },
      { region: "us-east-1/iam" },
      { region: "evil.example/" },
      { session_token: "x\r\nhost: evil.example" },
      { access_key_id: "ASIAEXAMPLE000000001/20240101/us-east-1/iam" },
      { date: "20240101T000000Z\n" },
      { signature: `${caller.signature}, x` },
      { nonce: `${caller.nonce}\r\nx: y` },
    ])
      expect((await enrol({ caller: { ...caller, ...wrong } })).status).toBe(400);
    expect(sts.requests).toEqual([]);
  });

  it.each([
    [
      "an account that is not trusted",
      session(`assumed-role/web-prod/${ID}`, "999999999999"),
      /account 999999999999 is not trusted/,
    ],
    ["a role that is not trusted", session(`assumed-role/admin/${ID}`), /role admin is not trusted/],
    [
      "a session with another name",
      session("assumed-role/web-prod/i-0aaaaaaaaaaaaaaaa"),
      /session is web-prod\/i-0a/,
    ],
    [
      "a person's session",
      session("assumed-role/web-prod/jane@example.com"),
      /session is web-prod\/jane@example.com/,
    ],
    ["a user", session("user/jane"), /arn:aws:sts::123456789012:user\/jane, which is no session/],
    [
      "a federated user that looks like one",
      session(`federated-user/assumed-role/web-prod/${ID}`),
      /no session/,
    ],
  ])("is refused for %s", async (_what, known, words) => {
    const { prove, enrol } = await setUp({ known, roles: ["web-*"] });
    expect(await refusal(enrol({ caller: await prove() }))).toMatch(words);
  });

  it("is not believed, and asked again for, where the answer is none of STS's", async () => {
    const { sts, prove, enrol } = await setUp();
    const usual = formatAnswer(INSTANCE);
    const evil = `<Arn>arn:aws:sts::${ACCOUNT}:assumed-role/web-prod/${ID}</Arn>`;
    for (const answer of [
      { status: 200, body: `${usual}${" ".repeat(17_000)}` },
      { status: 200, body: `<!DOCTYPE x [<!ENTITY a "${ID}">]>${usual.replace(ID, "&a;")}` },
      { status: 200, body: usual.replace("web-prod", "web&#45;prod") },
      { status: 200, body: usual.replace("<Arn>", "<!-- --><Arn>") },
      { status: 200, body: usual.replace("</GetCallerIdentityResult>", `${evil}</GetCallerIdentityResult>`) },
      { status: 200, body: usual.replace(/<UserId>.*<\/UserId>/, evil) },
      { status: 200, body: usual.replace(`<Account>${ACCOUNT}`, "<Account>210987654321") },
      { status: 200, body: usual.replace("sts.amazonaws.com/doc", "evil.example/doc") },
      { status: 200, body: `${usual}${usual}` },
      { status: 200, body: "<html>sign in</html>" },
      { status: 204, body: "" },
      { status: 302, body: "", headers: { location: `${sts.endpoint}/elsewhere` } },
      { status: 307, body: "", headers: { location: `${sts.endpoint}/elsewhere` } },
      { status: 503, body: usual },
      { status: 429, body: usual },
    ]) {
      sts.answer = () => answer;
      expect(await refusal(enrol({ caller: await prove() }))).toMatch(/503 .* that is none of STS's/);
    }
    expect(sts.requests.map(({ path }) => path)).not.toContain("/elsewhere");
    sts.answer = (one) => ({ ...one, body: one.body.replace(/\n\s*/g, "") });
    expect((await enrol({ caller: await prove() })).status).toBe(201);
    await sts.close();
    expect(await refusal(enrol({ caller: await prove() }))).toMatch(/503 .* cannot be asked/);
  });

  it("is signed by the server's time where the host's clock is wrong", async () => {
    const { client, clock, sts, enrol } = await setUp();
    const env = {
      AWS_ACCESS_KEY_ID: INSTANCE.accessKeyId,
      AWS_SECRET_ACCESS_KEY: INSTANCE.secretAccessKey,
      AWS_SESSION_TOKEN: INSTANCE.sessionToken,
      AWS_ENDPOINT_URL_STS: sts.endpoint,
    };
    const claimed = { id: ID, ...MACHINE };
    const options = { client, origin: SERVER, claimed, region: undefined };
    const caller = await makeCallerProof(options, { env, clock: () => clock() + 86_400_000 });
    expect((await enrol({ caller })).status).toBe(201);
    const { AWS_SESSION_TOKEN: _token, ...user } = env;
    expect(await makeCallerProof(options, { env: user, clock })).toMatchObject({
      fault: expect.stringContaining("a user's"),
    });
  });
});

describe("a caller beside a document", () => {
  it("takes the place of a machine that had the document alone, which does not come back by it", async () => {
    const { store, clock, prove, enrol, app } = await setUp();
    const document = { proof: "document" } as const;
    const copy = await enrolHost(store, { id: ID, ...OTHER_MACHINE, proven: document }, { clock });
    expect(copy).toHaveProperty("secret");
    const { status, json } = await enrol({ caller: await prove() });
    expect(status).toBe(201);
    for (const machine of [MACHINE, OTHER_MACHINE])
      expect(await enrolHost(store, { id: ID, ...machine, proven: document }, { clock })).toHaveProperty(
        "refusal",
      );
    const headers = {
      "rollcall-machine": MACHINE.machine,
      "rollcall-boot": MACHINE.boot,
      "x-api-key": json.secret ?? "",
    };
    expect((await app.request(`/v1/reports/${ID}`, { method: "DELETE", headers })).status).toBe(204);
  });

  it("does nothing for a machine that an operator has not named", async () => {
    const { store, clock, prove, enrol } = await setUp();
    await enrolHost(store, { id: ID, ...OTHER_MACHINE, proven: { proof: "document" } }, { clock });
    await revokeEnrolment(store, ID, OTHER_MACHINE.machine.slice(0, 16));
    expect(await refusal(enrol({ caller: await prove() }))).toMatch(
      /409 an operator keeps this id for another machine/,
    );
    const named = await enrol({ ...OTHER_MACHINE, caller: await prove({ machine: OTHER_MACHINE }) });
    expect(named.status).toBe(201);
  });

  it(
    "is waited for where STS is away, if the host enrolled by one or another machine " +
      "has the id; else the document does",
    async () => {
      const { certificates, identity } = await makeVoucher();
      const { sts, prove, enrol } = await setUp({ certificates });
      sts.answer = () => ({ status: 500, body: "" });
      expect((await enrol({ ...OTHER_MACHINE, identity })).status).toBe(201);
      const unavailable = {
        status: 503,
        retryAfter: "5",
        json: { type: "urn:rollcall:error:identity_unavailable" },
      };
      expect(await enrol({ identity, caller: await prove() })).toMatchObject(unavailable);
      expect(
        (await enrol({ ...OTHER_MACHINE, identity, caller: await prove({ machine: OTHER_MACHINE }) })).status,
      ).toBe(201);
      sts.answer = undefined;
      expect((await enrol({ identity, caller: await prove() })).status).toBe(201);
      sts.answer = () => ({ status: 500, body: "" });
      expect(await enrol({ identity, caller: await prove() })).toMatchObject(unavailable);
      expect(
        (await enrol({ ...OTHER_MACHINE, identity, caller: await prove({ machine: OTHER_MACHINE }) })).status,
      ).toBe(409);
      expect(await refusal(enrol({ identity }))).toMatch(/403 .* document alone does not do/);
      // It is not for want of a role.
      expect(
        await refusal(enrol({ identity, caller: { ...(await prove()), signature: "0".repeat(64) } })),
      ).toMatch(/403 AWS does not take the signature/);
    },
  );

  it("is refused under a title that says nothing of keys, also where the host is shut out", async () => {
    const { store, clock, prove, enrol } = await setUp();
    const title = { type: "urn:rollcall:error:enrolment_refused", title: "The enrolment is refused" };
    expect(await enrol({})).toMatchObject({ status: 403, json: title });
    const caller = await prove();
    expect((await enrol({ caller })).status).toBe(201);
    expect(await enrol({ caller })).toMatchObject({ status: 403, json: title });
    await denyHost(store, ID, { clock });
    expect(await enrol({ caller: await prove() })).toMatchObject({ status: 403, json: title });
  });

  it("is what a server that takes callers alone wants", async () => {
    const { enrol, store, clock, app } = await setUp();
    expect(await refusal(enrol({ identity: { document: "{}", signature: "" } }))).toMatch(
      /403 .*EC2's word alone.*GetCallerIdentity signed by the instance's role/,
    );
    const old = await enrolHost(store, { id: ID, ...MACHINE, proven: { proof: "document" } }, { clock });
    const secret = "secret" in old ? old.secret : "";
    const headers = {
      "rollcall-machine": MACHINE.machine,
      "rollcall-boot": MACHINE.boot,
      "x-api-key": secret,
    };
    expect((await app.request(`/v1/reports/${ID}`, { method: "DELETE", headers })).status).toBe(401);
  });
});

it("reads AWS's documented answer", () => {
  expect(parseAnswer(formatAnswer(INSTANCE))).toEqual({ account: ACCOUNT, role: "web-prod", session: ID });
});
