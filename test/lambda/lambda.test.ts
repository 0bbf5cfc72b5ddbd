// The Lambda bundle under AWS's own runtime client, behind API Gateway as AWS documents it, asked
// by curl, over the real S3 server.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pMap from "p-map";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { makeBucket, putPolicy } from "../s3/bucket.ts";
import { startFaultProxy } from "../s3/fault-proxy.ts";
import { type FunctionOptions, type Invocation, type LambdaFunction, startFunction } from "./function.ts";
import { type Gateway, startGateway } from "./gateway.ts";

const server = inject("s3");
const folder = mkdtempSync(join(tmpdir(), "rollcall-lambda-"));
let asked = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEYS = { "a-key-that-opens": "keyid12345" };
const KEY = ["-H", "x-api-key: a-key-that-opens"];

const makeEnv = (bucket: string, more: Record<string, string> = {}, user = server.user) => ({
  ROLLCALL_STORE: `s3://${bucket}?region=us-east-1&endpoint=${server.endpoint}`,
  AWS_ACCESS_KEY_ID: user.accessKeyId,
  AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  ...more,
});

/** How many processes a host reports: eight where their number does not matter. */
const PROCESSES = 8;

async function makeFleet(bucket: string, hosts: number, processes = PROCESSES): Promise<Store> {
  await makeBucket(server, bucket);
  const env = makeEnv(bucket);
  const store = await openStore(env.ROLLCALL_STORE, { clock: Date.now, env });
  await pMap([...Array(hosts).keys()], (index) => store.put(...makeReport(index, "1.2.3", processes)), {
    concurrency: 32,
  });
  return store;
}

function makeReport(index: number, app = "1.2.3", count = PROCESSES): [string, Buffer] {
  const id = `i-0${String(index).padStart(16, "0")}`;
  const life = index % 2 === 0 ? "spot" : "ondemand";
  const processes = Array.from({ length: count }, (_, at) => ({
    module_A_filename: `A_red_1.${at}`,
    module_B_filename: `B_青_1.8.${index}`,
  }));
  const report = {
    update_date: formatUpdateDate(Date.now()),
    instance_id: id,
    instance_life_cycle: life,
    app_version: app,
    processes,
  };
  return [`reports/v1/123456789012/AROAEXAMPLE:${id}.json`, Buffer.from(JSON.stringify(report))];
}

async function start(options: FunctionOptions): Promise<LambdaFunction> {
  const started = await startFunction(options);
  onTestFinished(() => started.stop());
  return started;
}

async function serve(options: FunctionOptions): Promise<Gateway> {
  const gateway = await startGateway(await start(options), KEYS);
  onTestFinished(() => gateway.stop());
  return gateway;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly exit: number;
}

/** Asks with curl, which must not block this process: the gateway is in it. */
async function curl(...args: string[]): Promise<Answer> {
  const heads = join(folder, `heads-${++asked}`);
  const child = spawn("curl", ["-sS", "-D", heads, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const [body, [exit]] = await Promise.all([gather(child.stdout), once(child, "close")]);
  // Of several answers, as with -L, the last.
  const head = readFileSync(heads, "utf8").trim().split("\r\n\r\n").at(-1) ?? "";
  const [first = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  return { status: Number(first.split(" ")[1]), headers, body, exit };
}

async function gather(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe.each(["read", "readBuffered"])("index.%s", (handler) => {
  const bucket = `lambda-${handler.toLowerCase()}`;
  let store: Store;
  let fn: LambdaFunction;
  let gateway: Gateway;
  beforeAll(async () => {
    store = await makeFleet(bucket, 40);
    // As the shell script of old uploads them.
    const [, body] = makeReport(41);
    await store.put("i-00000000000000041.json", body);
    fn = await startFunction({
      handler: `index.${handler}`,
      env: makeEnv(bucket, { ROLLCALL_MAX_AGE: "1ms" }),
    });
    gateway = await startGateway(fn, KEYS);
  });
  afterAll(async () => {
    await gateway.stop();
    await fn.stop();
    await store.close?.();
  });

  it("answers /v1/app-report and /v1/reports with every report, byte for byte", async () => {
    const answer = await curl(...KEY, `${gateway.url}/app-report`);
    expect(answer).toMatchObject({ status: 200, exit: 0 });
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.headers["rollcall-count"]).toBe("41");
    const reports = JSON.parse(answer.body);
    expect(reports).toHaveLength(41);
    expect(reports[1].processes[0].module_B_filename).toBe("B_青_1.8.0");
    const stored = await store.get(makeReport(7)[0], { maxBytes: 10_000 });
    expect(answer.body).toContain(stored?.body.toString());
    expect((await curl(...KEY, `${gateway.url}/reports`)).body).toBe(answer.body);
    expect(
      execFileSync("jq", ["-r", ".[40].instance_life_cycle"], { input: answer.body, encoding: "utf8" }),
    ).toBe("ondemand\n");
  });

  it("serves the page without a key, below the stage, and what it asks with one", async () => {
    const top = await curl(gateway.url);
    expect([top.status, top.headers.location]).toEqual([302, "/v1/page/"]);
    const page = ["--compressed", "-H", "accept: text/html"];
    for (const path of ["page/", "page", "page/hosts", "page/hosts/i-1"]) {
      const answer = await curl(...page, `${gateway.url}/${path}`);
      expect([path, answer.status, answer.headers["content-encoding"]]).toEqual([path, 200, "br"]);
      expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
      // Each question is an invocation.
      expect(answer.body).toContain('<meta name="rollcall-poll" content="30" />');
      const [, script = ""] = /<script[^>]* src="(\/v1\/page\/assets\/[^"]+)"/.exec(answer.body) ?? [];
      const loaded = await curl("--compressed", new URL(script, gateway.url).href);
      expect(loaded).toMatchObject({ status: 200, exit: 0 });
      expect(loaded.headers["content-type"]).toBe("text/javascript; charset=utf-8");
      expect(loaded.headers["cache-control"]).toContain("immutable");
      expect(loaded.body).toContain("rollcall");
    }
    expect((await curl(`${gateway.url}/page/assets/none-1.js`)).status).toBe(404);
    expect((await curl(...page, `${gateway.url}/page/v1/reports`)).status).toBe(403);
    expect((await curl(...page, `${gateway.url}/page/docs`)).body).toContain('id="problem-not_json"');
    const asked = await curl(...KEY, `${gateway.url}/page/v1/reports?fields=instance_id`);
    expect(JSON.parse(asked.body)).toHaveLength(41);
  });

  it("compresses, and says what has not changed", async () => {
    const plain = await curl(...KEY, `${gateway.url}/reports`);
    const gzipped = await curl(...KEY, "--compressed", `${gateway.url}/reports`);
    expect(gzipped.headers["content-encoding"]).toBeDefined();
    expect(gzipped.body).toBe(plain.body);
    const etag = ["-H", `If-None-Match: ${plain.headers.etag}`];
    const unchanged = await curl(...KEY, ...etag, `${gateway.url}/reports`);
    expect(unchanged).toMatchObject({ status: 304, body: "" });
    expect(unchanged.headers["rollcall-count"]).toBe("41");
    await store.put(...makeReport(3, "2.0.0"));
    // A listing that is less than a second old is used again.
    await expect
      .poll(async () => (await curl(...KEY, ...etag, `${gateway.url}/reports`)).body)
      .toContain('"app_version":"2.0.0"');
  });

  it("takes parameters that come several times, and in any script", async () => {
    const several = "instance_life_cycle=spot&instance_life_cycle=ondemand&fields=instance_id";
    expect(JSON.parse((await curl(...KEY, `${gateway.url}/reports?${several}`)).body)).toHaveLength(41);
    const one = `processes.module_B_filename=${encodeURIComponent("B_青_1.8.12")}`;
    expect(JSON.parse((await curl(...KEY, `${gateway.url}/reports?${one}`)).body)).toHaveLength(1);
    const report = await curl(...KEY, `${gateway.url}/reports/i-00000000000000005`);
    expect(JSON.parse(report.body).instance_id).toBe("i-00000000000000005");
    const lines = await curl(...KEY, "-H", "Accept: application/x-ndjson", `${gateway.url}/reports`);
    expect(lines.body.trim().split("\n")).toHaveLength(41);
    expect((await curl(...KEY, "-I", `${gateway.url}/reports`)).status).toBe(200);
  });

  it("says what is wrong with a question", async () => {
    for (const [path, status] of [
      ["reports?within=soon", 400],
      ["reports/i-0nobody", 404],
      ["nothing/here", 404],
    ] as const) {
      const { status: got, headers, body } = await curl(...KEY, `${gateway.url}/${path}`);
      expect(got).toBe(status);
      expect(headers["content-type"]).toBe("application/problem+json");
      expect(JSON.parse(body).status).toBe(status);
    }
    // Nothing writes here, whatever the gateway lets through.
    expect((await curl(...KEY, "-X", "PUT", `${gateway.url}/reports/i-00000000000000005`)).status).toBe(405);
    expect((await curl(...KEY, "-X", "POST", `${gateway.url}/keys`)).status).toBe(404);
  });

  it("tells nobody without a key anything of any host", async () => {
    expect((await curl(`${gateway.url}/reports`)).status).toBe(403);
    expect((await curl("-H", "x-api-key: keyid12345", `${gateway.url}/reports`)).status).toBe(403);
    // A gateway set up by hand that wants no key: what the client says of keys counts for nothing.
    const open = await startGatewayWithoutKeys(fn);
    expect((await curl(...KEY, "-H", "Authorization: Bearer keyid12345", `${open.url}/reports`)).status).toBe(
      401,
    );
    expect((await curl(`${gateway.url}/healthz`)).body).toBe("ok\n");
    expect((await curl(...KEY, `${gateway.url}/readyz`)).body).toBe("ok\n");
    expect(Object.keys(JSON.parse((await curl(`${gateway.url}/openapi.json`)).body).paths)).not.toContain(
      "/v1/keys",
    );
    expect((await curl(`${gateway.url}/docs`)).body).toContain('href="openapi.json"');
  });

  it("answers an emptied bucket with an empty array", async () => {
    const emptied = await makeFleet(`${bucket}-emptied`, 3);
    const { url } = await serve({
      handler: `index.${handler}`,
      env: makeEnv(`${bucket}-emptied`, { ROLLCALL_MAX_AGE: "1ms" }),
    });
    expect(JSON.parse((await curl(...KEY, `${url}/reports`)).body)).toHaveLength(3);
    for await (const page of emptied.list("")) for (const { key } of page) await emptied.delete(key);
    expect((await curl(...KEY, `${url}/reports`)).body).toBe("[]\n");
  });
});

/** One that passes everything on with no key. */
async function startGatewayWithoutKeys(fn: LambdaFunction): Promise<Gateway> {
  const stripped: LambdaFunction = {
    ...fn,
    invoke: (event) => {
      const { requestContext, ...rest } = event as { requestContext: { identity: object } };
      return fn.invoke({ ...rest, requestContext: { ...requestContext, identity: { apiKeyId: null } } });
    },
  };
  const gateway = await startGateway(stripped, KEYS);
  onTestFinished(() => gateway.stop());
  return gateway;
}

describe("a large answer", () => {
  const HOSTS = 1_500;
  beforeAll(async () => {
    // Some 4.5 KB each: more than a whole answer may have.
    const store = await makeFleet("lambda-large", HOSTS, 70);
    await store.close?.();
  }, 120_000);

  it("goes whole as a stream", async () => {
    const { url } = await serve({ handler: "index.read", env: makeEnv("lambda-large") });
    const { body, status } = await curl(...KEY, `${url}/reports`);
    expect(status).toBe(200);
    expect(body.length).toBeGreaterThan(6_000_000);
    expect(JSON.parse(body)).toHaveLength(HOSTS);
  });

  it("is found elsewhere where it does not fit, by curl -L", async () => {
    const { url } = await serve({
      handler: "index.readBuffered",
      env: makeEnv("lambda-large", { ROLLCALL_MAX_AGE: "1h" }),
    });
    const direct = await curl(...KEY, `${url}/reports`);
    expect(direct).toMatchObject({ status: 303, body: expect.stringContaining("curl -L") });
    expect(direct.headers["rollcall-count"]).toBe(String(HOSTS));
    const followed = await curl("-L", ...KEY, `${url}/reports`);
    expect(followed.status).toBe(200);
    expect(followed.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(followed.body)).toHaveLength(HOSTS);
    // Compressed it fits.
    expect((await curl("--compressed", ...KEY, `${url}/reports`)).body).toBe(followed.body);
    const env = makeEnv("lambda-large");
    const store = await openStore(env.ROLLCALL_STORE, { clock: Date.now, env });
    const kept: string[] = [];
    for await (const page of store.list("answers/")) kept.push(...page.map(({ key }) => key));
    expect(kept).toHaveLength(1);
    await store.close?.();
  });

  it("is no JSON where it ends before its time", async () => {
    const fn = await start({ handler: "index.read", env: makeEnv("lambda-large") });
    const gateway = await startGateway(
      { ...fn, invoke: async (event) => cutShort(await fn.invoke(event), fn) },
      KEYS,
    );
    onTestFinished(() => gateway.stop());
    const { status, body, exit } = await curl(...KEY, `${gateway.url}/reports`);
    expect(status).toBe(200);
    expect(exit).not.toBe(0);
    expect(body).toContain("i-00000000000000001");
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
  });
});

/**
 * Ends the function as soon as some of its answer is there, as Lambda does with one that has run
 * out of time.
 */
function cutShort(invocation: Invocation, fn: LambdaFunction): Invocation {
  async function* read(): AsyncGenerator<Buffer> {
    for await (const chunk of invocation.body) {
      yield chunk;
      fn.kill();
    }
  }
  return { ...invocation, body: read() };
}

describe("index.refresh", () => {
  it("keeps the snapshot from which readers begin, two at once without harm", async () => {
    const store = await makeFleet("lambda-refresh", 300);
    const proxy = await startFaultProxy({ target: server.endpoint, random: Math.random });
    onTestFinished(() => proxy.stop());
    const env = makeEnv("lambda-refresh");
    const refreshers = await Promise.all([1, 2].map(() => start({ handler: "index.refresh", env })));
    const outcomes = await Promise.all(refreshers.map((one) => call(one)));
    expect(outcomes.map(({ reports }) => reports)).toEqual([300, 300]);
    const through = {
      ...env,
      ROLLCALL_STORE: `s3://lambda-refresh?region=us-east-1&endpoint=${proxy.endpoint}`,
    };
    const { url } = await serve({ handler: "index.read", env: through });
    const { body } = await curl(...KEY, `${url}/reports`);
    expect(JSON.parse(body)).toHaveLength(300);
    // Three hundred reports, and a few requests.
    expect(proxy.requests).toBeLessThan(20);
    await store.close?.();
  });

  it("counts as failed where it may not write", async () => {
    const store = await makeFleet("lambda-readonly", 200);
    const may = { Effect: "Allow", Principal: { AWS: ["arn:aws:iam:::user/stranger"] } };
    await putPolicy(server, "lambda-readonly", [
      { ...may, Action: ["s3:ListBucket"], Resource: "arn:aws:s3:::lambda-readonly" },
      { ...may, Action: ["s3:GetObject"], Resource: "arn:aws:s3:::lambda-readonly/*" },
    ]);
    const fn = await start({
      handler: "index.refresh",
      env: makeEnv("lambda-readonly", {}, server.stranger),
    });
    const invocation = await fn.invoke({});
    const text = await gather(invocation.body);
    expect(invocation.readError()).toBeDefined();
    expect(text).toMatch(/snapshot/);
    await store.close?.();
  });
});

async function call(fn: LambdaFunction): Promise<{ reports: number }> {
  const invocation = await fn.invoke({ source: "aws.events" });
  const text = await gather(invocation.body);
  if (invocation.readError() !== undefined) throw new Error(text);
  return JSON.parse(text);
}

it("runs as the code that stands in the template", async () => {
  const text = readFileSync(new URL("../../dist/aws/rollcall-reader.template.json", import.meta.url), "utf8");
  // CloudFormation quotas: a template in a bucket.
  expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
  const template = JSON.parse(text) as {
    Resources: Record<
      string,
      { Type: string; Properties: { Code: { "Fn::If": [string, object, { ZipFile: string }] } } }
    >;
  };
  const [reader = "", refresher = ""] = ["ReaderFunction", "RefresherFunction"]
    .flatMap((name) => template.Resources[name] ?? [])
    .map(({ Properties }) => {
      const inline = mkdtempSync(join(folder, "inline-"));
      // Where no bucket is named that has the program.
      const [, , { ZipFile }] = Properties.Code["Fn::If"];
      writeFileSync(join(inline, "index.js"), ZipFile);
      return inline;
    });
  const store = await makeFleet("lambda-inline", 3);
  const env = makeEnv("lambda-inline");
  expect(await call(await start({ handler: "index.refresh", env, folder: refresher }))).toMatchObject({
    reports: 3,
  });
  const gateway = await serve({ handler: "index.read", env, folder: reader });
  expect(JSON.parse((await curl(...KEY, `${gateway.url}/reports`)).body)).toHaveLength(3);
  const page = await curl("-H", "accept: text/html", `${gateway.url}/page/`);
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  await store.close?.();
});

describe("where things go wrong", () => {
  it("is complete or an error while S3 throttles", async () => {
    const store = await makeFleet("lambda-throttled", 200);
    const proxy = await startFaultProxy({
      target: server.endpoint,
      random: Math.random,
      rates: { slowDown: 0.3 },
    });
    onTestFinished(() => proxy.stop());
    const endpoint = `s3://lambda-throttled?region=us-east-1&endpoint=${proxy.endpoint}`;
    const { url } = await serve({
      handler: "index.read",
      env: makeEnv("lambda-throttled", { ROLLCALL_STORE: endpoint, ROLLCALL_MAX_AGE: "1ms" }),
    });
    for (let turn = 0; turn < 5; turn++) {
      const { status, body } = await curl(...KEY, `${url}/reports`);
      if (status === 200) expect(JSON.parse(body)).toHaveLength(200);
      else expect(status).toBe(503);
    }
    expect(proxy.counts.slowDown).toBeGreaterThan(20);
    await store.close?.();
  });

  it("says what is wrong with its settings and its events", async () => {
    const unset = await start({
      handler: "index.readBuffered",
      env: makeEnv("lambda-large", { ROLLCALL_STORE: "" }),
    });
    const invocation = await unset.invoke({
      resource: "/healthz",
      httpMethod: "GET",
      requestContext: { identity: {} },
    });
    expect(await gather(invocation.body)).toMatch(/no store URL/);
    const fn = await start({ handler: "index.readBuffered", env: makeEnv("lambda-large") });
    const strange = await fn.invoke({ version: "2.0", routeKey: "$default" });
    expect(await gather(strange.body)).toMatch(/payload 1\.0/);
    expect(strange.readError()).toBeDefined();
  });
});
