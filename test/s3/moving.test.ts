// Moving from a bucket that is there, end to end on the real S3 server: the old script (the AWS
// CLI), the old API, new agents and the new API side by side, compared at each step. Hours are
// seconds: each step asks for what was made since it began.
import { fileURLToPath } from "node:url";
import { expect, inject, it, onTestFinished } from "vitest";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { startMetadataServer, USUAL_METADATA } from "../../src/testing/metadata-server.ts";
import { runHere } from "../command.ts";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "../program.ts";
import { makeBucket, putRaw, signedFetch } from "./bucket.ts";
import { askOldApi } from "./old-api.ts";

const server = inject("s3");
const [OLD, NEW] = ["moving-old", "moving-new"];
const ROOT = fileURLToPath(new URL("../fixture-host", import.meta.url));
const SPEC = fileURLToPath(new URL("../fixture-host.spec.yaml", import.meta.url));

/** The fields of the old script. */
const OLD_FIELDS = [
  "update_date",
  "os_start_date",
  "instance_id",
  "instance_name",
  "instance_type",
  "instance_life_cycle",
];

const id = (letter: string) => `i-0${letter.repeat(16)}`;
const [A, B, C, D] = ["a", "b", "c", "d"].map(id) as [string, string, string, string];
const url = (bucket: string) => `s3://${bucket}?endpoint=${server.endpoint}`;

async function sitDown() {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  for (const bucket of [OLD, NEW]) await makeBucket(server, bucket);
  const env = {
    AWS_ACCESS_KEY_ID: server.user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
  };

  const fill = (host: string) =>
    `{"update_date":"${formatUpdateDate(Date.now())}","os_start_date":"2023-12-11 19:11:22","instance_id":"${host}","from":"script"}`;

  /** What the old script of a host has put after its next run. */
  const putOldForm = (host: string) => putRaw(server, OLD, `${host}.json`, fill(host));

  /** The last lines of the old script. */
  async function runScript(host: string): Promise<void> {
    const line =
      `printf '{"update_date":"%s","os_start_date":"2023-12-11 19:11:22","instance_id":"%s","from":"script"}' ` +
      `"$(date +%FT%T%z)" ${host} > ${host}.json && ` +
      `aws --endpoint-url ${server.endpoint} s3 cp --quiet ${host}.json s3://${OLD}/${host}.json`;
    expect(await runShell(line, { home, env })).toMatchObject({ code: 0 });
  }

  /** An instance: its metadata service, and a state folder of its own. */
  async function boot(host: string) {
    const metadata = await startMetadataServer({
      paths: { ...USUAL_METADATA, "meta-data/instance-id": host },
    });
    onTestFinished(() => metadata.close());
    const hostEnv = { ...env, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.source.endpoint };
    const flags = ["--root", ROOT, "--spec", SPEC, "--state", `${home}/${host}`];
    const options = { home, env: hostEnv };
    return {
      report: async (...more: string[]) =>
        expect(await run(["report", ...flags, ...more], options)).toMatchObject({ code: 0 }),
      startAgent: (...more: string[]) => startProgram(["agent", ...flags, ...more], options),
    };
  }

  const list = async (bucket: string) => {
    const text = await (await signedFetch(server, { path: `/${bucket}?list-type=2` })).text();
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
  };

  /** Asks the new API, as its users do. */
  async function startNewApi(...stores: string[]) {
    const keys = ["keys", "create", "--store", url(NEW), "--scope", "read", "--name", "test"];
    const { stdout } = await runHere(keys, { home, env });
    const key = /rc_[\w-]+/.exec(stdout)?.[0] ?? "";
    // Each answer is of a listing of its own: by default one may be a second old.
    const flags = ["--listen", "127.0.0.1:0", "--max-age", "1ms"];
    const program = startProgram(["serve", ...flags, ...stores], { home, env });
    onTestFinished(async () => void (await stop(program)));
    const [, origin = ""] = await waitForOutput(program, /serving at (http:\/\/[\d.:]+)/);
    return async (path: string) => {
      const answer = await fetch(`${origin}${path}`, { headers: { "x-api-key": key } });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    };
  }

  return { home, env, runScript, putOldForm, boot, list, startNewApi };
}

type Asks = Awaited<ReturnType<Awaited<ReturnType<typeof sitDown>>["startNewApi"]>>;

/** The next whole second: what came before it is told from what comes after. */
async function beginStep(): Promise<number> {
  const began = Math.floor(Date.now() / 1000) * 1000 + 1000;
  await expect.poll(() => Date.now(), { interval: 50 }).toBeGreaterThan(began);
  return began;
}

/** Asks the new API for what came since a step began. */
async function askSince(ask: Asks, since: number): Promise<string> {
  for (;;) {
    const seconds = Math.floor((Date.now() - since) / 1000) + 1;
    const { status, headers, text } = await ask(`/v1/reports?within=${seconds}s`);
    expect(status).toBe(200);
    // Where the machine is busy the answer may be of a later time, and leave out what came first.
    if (Date.parse(headers.get("rollcall-as-of") ?? "") - seconds * 1000 <= since) return text;
  }
}

/** Both APIs' answers of what came since a step began: ids in order, and the new one's reports. */
async function askBoth(ask: Asks, since: number) {
  const old = await askOldApi(server, OLD, since);
  const text = await askSince(ask, since);
  const reports = JSON.parse(text) as { instance_id: string; rollcall?: object; from?: string }[];
  const ids = (all: readonly { instance_id: string }[]) => all.map(({ instance_id }) => instance_id).sort();
  // No host stands twice.
  for (const all of [ids(old), ids(reports)]) expect(new Set(all).size).toBe(all.length);
  return { old: ids(old), new: ids(reports), oldReports: old, reports };
}

it("goes step by step, and the old API answers at each as it did before", async () => {
  const { runScript, putOldForm, boot, list, startNewApi } = await sitDown();
  // 1. Before: scripts and the old API.
  let began = await beginStep();
  await runScript(A);
  for (const host of [B, C]) await putOldForm(host);
  expect((await askOldApi(server, OLD, began)).map(({ instance_id }) => instance_id)).toEqual([A, B, C]);

  // 2. The new API reads the old bucket beside its own, which is empty.
  const ask = await startNewApi("--store", url(NEW), "--also-read", url(OLD));
  expect(await askBoth(ask, began)).toMatchObject({ old: [A, B, C], new: [A, B, C] });
  expect((await list(NEW)).every((key) => key.startsWith("keys/"))).toBe(true);

  // 3. A gets the agent, which reports to the new bucket; its script goes on, before and after.
  const hostA = await boot(A);
  began = await beginStep();
  for (const host of [A, B, C]) await putOldForm(host);
  await beginStep();
  await hostA.report("--store", url(NEW));
  const both = await askBoth(ask, began);
  expect(both).toMatchObject({ old: [A, B, C], new: [A, B, C] });
  expect(both.reports.find(({ instance_id }) => instance_id === A)).toHaveProperty("rollcall");
  const { text: problems } = await ask("/v1/problems");
  expect(JSON.parse(problems)).toMatchObject([{ reason: "superseded", key: `${A}.json`, store: url(OLD) }]);
  await beginStep();
  await runScript(A);
  const after = await askBoth(ask, began);
  expect(after).toMatchObject({ old: [A, B, C], new: [A, B, C] });
  expect(after.reports.find(({ instance_id }) => instance_id === A)?.from).toBe("script");

  // 4. D never had the script: it is in the new API alone, until cron writes the old form.
  const hostD = await boot(D);
  began = await beginStep();
  await hostD.report("--store", url(NEW));
  expect(await askBoth(ask, began)).toMatchObject({ old: [], new: [D] });
  await hostD.report("--legacy-key", "--store", url(OLD));
  const withOldForm = await askBoth(ask, began);
  expect(withOldForm).toMatchObject({ old: [D], new: [D] });
  const own = withOldForm.oldReports[0];
  expect(Object.keys(own ?? {}).slice(0, OLD_FIELDS.length)).toEqual(OLD_FIELDS);
  expect(own).not.toHaveProperty("rollcall");

  // 5. B's script goes, and its agent writes to both: one report in two forms.
  const hostB = await boot(B);
  began = await beginStep();
  const agent = hostB.startAgent("--store", url(NEW), "--legacy-store", url(OLD));
  onTestFinished(async () => void (await stop(agent, "SIGKILL")));
  await expect.poll(async () => (await askOldApi(server, OLD, began)).length).toBe(1);
  await expect.poll(async () => (await askBoth(ask, began)).reports).toHaveLength(1);
  const fromAgent = await askBoth(ask, began);
  expect(fromAgent).toMatchObject({ old: [B], new: [B] });
  expect(fromAgent.reports[0]).toHaveProperty("rollcall");
  const { rollcall: _, ...fields } = fromAgent.reports[0] as Record<string, unknown>;
  expect(fromAgent.oldReports).toEqual([fields]);

  // 6. It leaves: the new API knows at once, the old one when the report is old, as ever.
  await beginStep();
  expect(await stop(agent, "SIGTERM")).toBe(0);
  expect(await askBoth(ask, began)).toMatchObject({ old: [B], new: [] });

  // What stands in the old bucket is what its own API reads, and nothing else.
  expect(await list(OLD)).toEqual([A, B, C, D].map((host) => `${host}.json`));

  // 7. The old API's users have gone: the new bucket alone has all that agents report.
  began = await beginStep();
  for (const host of [hostA, hostB, hostD]) await host.report("--store", url(NEW));
  const alone = await startNewApi("--store", url(NEW));
  const { text } = await alone("/v1/reports?fields=instance_id");
  expect(JSON.parse(text).map(({ instance_id }: { instance_id: string }) => instance_id)).toEqual([A, B, D]);
});

it("would be the end of the old API, were anything but reports written to its bucket", async () => {
  const bucket = "moving-spoilt";
  await makeBucket(server, bucket);
  await putRaw(server, bucket, `${A}.json`, JSON.stringify({ update_date: "2024-03-01T00:00:00+09:00" }));
  expect(await askOldApi(server, bucket, 0)).toHaveLength(1);
  await putRaw(server, bucket, "snapshots/v1/manifest.json", "{}");
  await expect(askOldApi(server, bucket, 0)).rejects.toThrow(TypeError);
});

it("is complete or an error where the old bucket is away, and says so", async () => {
  const { startNewApi, boot } = await sitDown();
  await (await boot(C)).report("--store", url(NEW));
  const ask = await startNewApi("--store", url(NEW), "--also-read", url("moving-nowhere"));
  const whole = await ask("/v1/reports");
  expect(whole.status).toBe(503);
  expect(JSON.parse(whole.text).detail).toContain("not read completely: s3://moving-nowhere");
  const part = await ask("/v1/reports?partial=ok&fields=instance_id");
  expect(part.status).toBe(200);
  expect(part.headers.get("rollcall-partial")).toContain("s3://moving-nowhere");
  expect(JSON.parse(part.text)).toContainEqual(expect.objectContaining({ instance_id: C }));
});
