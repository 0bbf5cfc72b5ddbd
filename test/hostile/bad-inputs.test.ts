// A sweep: every route of a running server with bad input of every kind. No 500, no stack in the
// log. soak/sweep.mjs does the same with every command.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import pMap from "p-map";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runHere } from "../command.ts";
import { makeHome, startProgram, stop, waitForOutput } from "../program.ts";
import { BODIES, HEADERS, HOSTS, IDS, LINES, METHODS, VALUES } from "./bad-requests.ts";

const MINUTES = 60_000;
const AT_ONCE = 3;
/** One of so many values of a name that another route has had. */
const SHARE = 5;

let home: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ home, remove } = await makeHome());
  const report = { update_date: new Date().toISOString(), instance_id: "i-1", v: "1" };
  await mkdir(join(home, "store"));
  await writeFile(join(home, "store/i-1.json"), JSON.stringify(report));
});
afterAll(() => remove());

/** Traces of a failure that nobody foresaw. */
const TRACE = /\\n\s+at .*:\d+:\d+|\bnode:internal\b|\b(?:Type|Range|Reference|Syntax)Error\b/;

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  readonly key: string;
  readonly log: () => string;
}

async function serve(): Promise<Server> {
  const scopes = ["admin", "read", "ingest", "enrol"].flatMap((scope) => ["--scope", scope]);
  const made = await runHere(["keys", "create", "--store", "file:store", ...scopes], { home });
  const child = startProgram(["serve", "--store", "file:store", "--listen", "127.0.0.1:0"], { home });
  let log = "";
  child.stderr?.on("data", (bytes: Buffer) => (log += bytes.toString()));
  const [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
  return { child, port: Number(new URL(url).port), key: made.stdout.trim(), log: () => log };
}

/** Sends a request as it is. @returns what came until the end of the connection */
async function exchange(port: number, request: Buffer): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  // A refusal may close the connection under what is still being sent.
  socket.on("error", () => undefined);
  socket.end(request);
  await once(socket, "close");
  return answer;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
}
interface Description {
  readonly paths: Record<string, Record<string, { readonly parameters?: readonly Parameter[] }>>;
}

/** Makes requests with a key. */
function createMaker(key: string) {
  const own = `Host: a\r\nConnection: close\r\nx-api-key: ${key}\r\n`;
  const make = (line: string, headers = own, body: Buffer = Buffer.alloc(0)) =>
    Buffer.concat([Buffer.from(`${line}\r\n${headers}\r\n`, "latin1"), body]);

  /** Odd methods, and odd texts in the place of the path's variable. */
  function* ofPath(template: string, methods: readonly string[]): Generator<Buffer> {
    const fill = (id: string) => template.replaceAll(/\{\w+\}/g, id);
    for (const method of METHODS) yield make(`${method} ${fill("i-7")} HTTP/1.1`);
    if (fill("") === template) return;
    for (const id of IDS)
      for (const method of methods) yield make(`${method.toUpperCase()} ${fill(id)} HTTP/1.1`);
  }

  /**
   * All odd values where a name is met first, and of the other routes that have it a share of them,
   * of each another one: most names are read by the same code.
   */
  function pickValues(name: string): readonly string[] {
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    return turn === 0 ? VALUES : VALUES.filter((_, at) => at % SHARE === turn % SHARE);
  }
  const turns = new Map<string, number>();

  /** Odd values of each parameter, and odd bodies. */
  function* ofRoute(template: string, method: string, parameters: readonly Parameter[]): Generator<Buffer> {
    const line = `${method.toUpperCase()} ${template.replaceAll(/\{\w+\}/g, "i-7")}`;
    const names = parameters.filter((one) => one.in === "query").map(({ name }) => name);
    for (const name of [...names, "nowhere", "%ff", "__proto__", ""])
      for (const value of pickValues(name)) yield make(`${line}?${name}=${value} HTTP/1.1`);
    if (method === "get") return;
    for (const body of BODIES)
      yield make(`${line} HTTP/1.1`, `${own}Content-Length: ${body.length}\r\n`, body);
  }

  function* ofHeads(): Generator<Buffer> {
    for (const path of ["GET /healthz", "GET /v1/reports", "PUT /v1/reports/i-7"]) {
      const line = `${path} HTTP/1.1`;
      for (const header of HEADERS) yield make(line, `${own}${header}\r\n`);
      for (const host of HOSTS) yield make(line, own.replace("Host: a", `Host: ${host}`));
    }
    for (const line of LINES) yield make(line);
  }
  return { ofPath, ofRoute, ofHeads };
}

/** All requests, from the server's own description. */
function* makeRequests({ paths }: Description, key: string): Generator<Buffer> {
  const { ofPath, ofRoute, ofHeads } = createMaker(key);
  for (const [template, routes] of Object.entries(paths)) {
    yield* ofPath(template, Object.keys(routes));
    for (const [method, { parameters = [] }] of Object.entries(routes))
      yield* ofRoute(template, method, parameters);
  }
  yield* ofHeads();
}

it("every route answers whatever is asked with less than 500", { timeout: 10 * MINUTES }, async () => {
  const { child, port, key, log } = await serve();
  try {
    const described = await fetch(`http://127.0.0.1:${port}/openapi.json`);
    const faults: string[] = [];
    let asked = 0;
    await pMap(
      makeRequests((await described.json()) as Description, key),
      async (request) => {
        const answer = await exchange(port, request);
        asked++;
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
        // What is no HTTP may be hung up on.
        if (status >= 500) faults.push(`${request.toString("latin1", 0, 300)}\n  ${answer.slice(0, 500)}`);
      },
      { concurrency: AT_ONCE },
    );
    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(1000);
    expect(log()).not.toMatch(TRACE);
    expect(log()).not.toContain("a handler failed");
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    // Nothing that was wrong became a report, and the right one is there.
    const reports = await fetch(`http://127.0.0.1:${port}/v1/reports`, { headers: { "x-api-key": key } });
    expect(((await reports.json()) as { instance_id: string }[]).map((one) => one.instance_id)).toEqual([
      "i-1",
    ]);
    expect(await readFile(`${home}/store/i-1.json`, "utf8")).toContain('"v":"1"');
  } finally {
    expect(await stop(child, "SIGTERM")).toBe(0);
  }
});
