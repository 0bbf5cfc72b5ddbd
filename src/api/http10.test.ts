// Tests of HTTP/1.0, which has no chunks: each answer tells its length, so that a cut one is seen;
// and nobody needs a Host.
import { connect } from "node:net";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { createHotAnswers } from "./hot-answers.ts";
import { createRoutes } from "./routes.ts";
import { startServer } from "./server.ts";

/** Together they are more than a few chunks. */
const REPORTS = 40;
const FILLER = "x".repeat(50_000);

async function setUp() {
  const now = Date.UTC(2024, 11, 31, 14, 59, 59);
  const clock = () => now;
  const store = memoryStore({ clock });
  const log = pino({ level: "silent" });
  const keyring = createKeyring({ store, clock });
  const roll = createRoll({ store, clock });
  const limits = { labels: compileLabels(BUILT_IN_RULES), windowMs: 7_200_000, deadlineMs: 25_000 };
  const hotAnswers = createHotAnswers({ roll, keyring, log });
  const services = {
    store,
    roll,
    keyring,
    hotAnswers,
    clones: createClones({ clock }),
    clock,
    log,
    version: "0.0.0-test",
    ...limits,
  };
  const server = await startServer(createApp(services, createRoutes()), {
    host: "127.0.0.1",
    port: 0,
    hotAnswers,
  });
  onTestFinished(() => server.stop(0));
  for (let index = 0; index < REPORTS; index++) {
    const id = `host-${index}`;
    const report = {
      update_date: formatUpdateDate(now),
      instance_id: id,
      version: `a_1.${index}`,
      filler: FILLER,
    };
    await store.put(`reports/v1/local/${id}.json`, Buffer.from(JSON.stringify(report)));
  }
  const { secret } = await createKey(store, { name: "test", scopes: ["admin"] }, { clock });
  const port = Number(new URL(server.url).port);
  return { ask: (head: string) => exchange(port, `${head}\r\n\r\n`), secret };
}

/** What a server sends until it closes. */
function exchange(port: number, request: string): Promise<{ head: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (bytes: Buffer) => chunks.push(bytes));
    socket.on("error", reject);
    socket.on("close", () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf("\r\n\r\n");
      resolve({ head: all.toString("latin1", 0, end).toLowerCase(), body: all.subarray(end + 4) });
    });
  });
}

const PATHS = [
  "/v1/reports",
  "/v1/reports?meta=true",
  "/v1/reports?fields=instance_id,filler",
  "/v1/reports/host-1",
  "/v1/reports/host-1?meta=true",
  "/v1/reports/none",
  "/v1/versions?field=version&hosts=true",
  "/v1/coverage",
  "/v1/problems",
  "/v1/keys",
  "/v1/nothing",
  "/healthz",
  "/readyz",
  "/docs",
  "/openapi.json",
];

it(
  "tells the length of every answer, in every form and encoding, the same when it is " + "asked again",
  async () => {
    const { ask, secret } = await setUp();
    for (const path of PATHS) {
      for (const type of ["application/json", "application/x-ndjson"]) {
        for (const encoding of ["identity", "gzip", "br"]) {
          const request =
            `GET ${path} HTTP/1.0\r\nx-api-key: ${secret}\r\naccept: ${type}\r\n` +
            `accept-encoding: ${encoding}`;
          for (let turn = 0; turn < 2; turn++) {
            const { head, body } = await ask(request);
            const told = /^content-length: (\d+)$/m.exec(head.replaceAll("\r", ""))?.[1];
            expect(told, `${path} as ${type} in ${encoding}, turn ${turn}:\n${head}`).toBe(
              String(body.length),
            );
            expect(head).not.toContain("transfer-encoding");
          }
        }
      }
    }
  },
);

it("answers health checks that name no host, as load balancers send them", async () => {
  const { ask, secret } = await setUp();
  for (const path of ["/healthz", "/readyz", "/docs", "/openapi.json"]) {
    expect((await ask(`GET ${path} HTTP/1.0`)).head, path).toMatch(/^http\/1\.1 200 /);
  }
  // haproxy asks OPTIONS of / where its configuration names no other path.
  for (const path of ["/healthz", "/", "/docs", "/openapi.json"])
    expect((await ask(`OPTIONS ${path} HTTP/1.0`)).head, path).toMatch(/^http\/1\.1 204 /);
  expect((await ask(`GET /v1/reports HTTP/1.0\r\nx-api-key: ${secret}`)).head).toMatch(/^http\/1\.1 200 /);
  // HTTP/1.1 needs one (RFC 9112, section 3.2).
  expect((await ask("GET /healthz HTTP/1.1\r\nconnection: close")).head).toMatch(/^http\/1\.1 400 /);
});
