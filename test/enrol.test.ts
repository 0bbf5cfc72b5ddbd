// The built program enrols an EC2 instance by its role's signature: an agent's host with its
// metadata service, a server, and an STS that verifies.
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startMetadataServer, USUAL_METADATA } from "../src/testing/metadata-server.ts";
import { type StsSession, startStsDouble } from "../src/testing/sts-double.ts";
import { runHere } from "./command.ts";
import { makeHome, run, startProgram, waitForOutput } from "./program.ts";

const ID = "i-0123456789abcdef0";
const ACCOUNT = "123456789012";

const SESSION: StsSession = {
  accessKeyId: "ASIAEXAMPLE000000001",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE//+=",
  account: ACCOUNT,
  principal: `assumed-role/web-prod/${ID}`,
};

/** What the metadata service of an instance with a role gives. */
function describeInstance(id: string) {
  return {
    ...USUAL_METADATA,
    "meta-data/instance-id": id,
    "dynamic/instance-identity/document": JSON.stringify({
      accountId: ACCOUNT,
      region: "ap-northeast-1",
      instanceId: id,
    }),
    "meta-data/iam/security-credentials/": "web-prod",
    "meta-data/iam/security-credentials/web-prod": JSON.stringify({
      Code: "Success",
      Type: "AWS-HMAC",
      AccessKeyId: SESSION.accessKeyId,
      SecretAccessKey: SESSION.secretAccessKey,
      Token: SESSION.sessionToken,
      LastUpdated: new Date().toISOString(),
      Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
    }),
  };
}

async function setUp(flags: readonly string[]) {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const sts = await startStsDouble([SESSION]);
  onTestFinished(() => sts.close());
  const store = `file:${join(home, "store")}`;
  const words = [
    "--identity-caller",
    "https://rollcall.example.com,http://127.0.0.1",
    "--identity-sts",
    sts.endpoint,
    ...flags,
  ];
  const server = startProgram(["serve", "--store", store, "--listen", "127.0.0.1:0", ...words], { home });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [, url = ""] = await waitForOutput(server, /serving at (http:\/\/127\.0\.0\.1:\d+)/);
  return { home, sts, store, url };
}

async function startHost(id: string, endpoint: string) {
  const metadata = await startMetadataServer({ paths: describeInstance(id) });
  onTestFinished(() => metadata.close());
  return { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.source.endpoint, AWS_ENDPOINT_URL_STS: endpoint };
}

it("is refused where the server is another than the host means, and enrols where it is this one", {
  timeout: 240_000,
}, async () => {
  const { home, sts, url } = await setUp(["--identity-accounts", ACCOUNT, "--identity-roles", "web-*"]);
  const env = await startHost(ID, sts.endpoint);
  const report = () => run(["report", "--server", url, "--state", join(home, "state")], { home, env });
  // The port that the server was given is not in its flags.
  expect(await report()).toMatchObject({ code: 1, stderr: expect.stringContaining(`signed for "${url}"`) });
});

it("enrols, reports, and keeps its key", { timeout: 240_000 }, async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const sts = await startStsDouble([SESSION]);
  onTestFinished(() => sts.close());
  // Its own address must be known before it starts. Connections of other tests hold ports from
  // 32768 on, which Linux gives to whoever asks for any (ip(7), ip_local_port_range).
  const port = 20_000 + (process.pid % 12_000);
  const url = `http://127.0.0.1:${port}`;
  const store = `file:${join(home, "store")}`;
  const words = ["--identity-caller", url, "--identity-sts", sts.endpoint, "--identity-accounts", ACCOUNT];
  const server = startProgram(["serve", "--store", store, "--listen", `127.0.0.1:${port}`, ...words], {
    home,
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  await waitForOutput(server, /serving at/);
  const env = await startHost(ID, sts.endpoint);
  const report = (more: Record<string, string> = {}) =>
    run(["report", "--server", url, "--state", join(home, "state")], { home, env: { ...env, ...more } });
  const first = await report();
  expect(first, first.stderr).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`enrolled with ${url} as ${ID}`),
  });
  expect(first.stdout + first.stderr).not.toContain(SESSION.sessionToken);
  expect(sts.requests[0]?.headers["x-rollcall-server"]).toBe(url);
  expect(await report()).toMatchObject({ code: 0, stderr: expect.not.stringContaining("enrolled") });
  expect(sts.requests).toHaveLength(1);
  const list = await runHere(["list", "--store", store], { home });
  expect(JSON.parse(list.stdout)).toMatchObject([{ instance_id: ID }]);

  // After its keys were revoked one run is enough, also of a program that cron starts.
  expect(await runHere(["keys", "revoke", ID, "--store", store], { home })).toMatchObject({ code: 0 });
  const anew = await report();
  expect(anew, anew.stderr).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`enrolled with ${url} as ${ID}`),
  });
  expect(sts.requests).toHaveLength(2);

  // A key for enrolling does not stand in for EC2's word.
  const { stdout: key } = await runHere(["keys", "create", "--scope", "enrol", "--store", store], { home });
  const squatter = {
    AWS_EC2_METADATA_SERVICE_ENDPOINT: (await startHost("i-0aaaaaaaaaaaaaaaa", sts.endpoint))
      .AWS_EC2_METADATA_SERVICE_ENDPOINT,
  };
  const refused = await run(["report", "--server", url, "--state", join(home, "other")], {
    home,
    env: { ...env, ...squatter, ROLLCALL_ENROL_KEY: key.trim() },
  });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`session is web-prod/${ID}`) });
});
