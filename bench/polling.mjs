// Measures what an open page's polls cost a server while heartbeats come: processor time and bytes
// of one poll, without the listing that everybody shares: node bench/polling.mjs [--hosts
// 10000,100000] [--rounds N]
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { pino } from "pino";
import { buildParts, PARTS } from "./build.mjs";
import { makeReport, reportKey } from "./fleet.mjs";
import { median, printTable } from "./measure.mjs";

const { values } = parseArgs({
  options: { hosts: { type: "string", default: "10000,100000" }, rounds: { type: "string", default: "15" } },
});
const sizes = values.hosts.split(",").map(Number);
const rounds = Number(values.rounds);

/** The share of the hosts that report between two polls: at 10,000 hosts, that of half a minute. */
const CHURN = 0.01;
const POLL_MS = 5000;

const TABLE =
  "/v1/reports?state=all&fields=instance_id,instance_name,app_version,processes,label.env,label.service";
const POLLS = {
  "the table, by its content (304)": TABLE,
  "the same with `update_date` (200)": `${TABLE},update_date`,
  "all of the reports (200)": "/v1/reports?state=all",
  "versions by env and service (304)": "/v1/versions?field=processes.module_A_filename&by=env,service",
  "coverage (304)": "/v1/coverage",
  "ages since the last poll (200)": "/v1/ages?state=all",
};

await buildParts();
const {
  BUILT_IN_RULES,
  compileLabels,
  createApp,
  createClones,
  createReadRoutes,
  createRoll,
  createGatewayKeyring,
} = await import(PARTS);
const log = pino({ level: "silent" });

for (const count of sizes) await measure(count);

async function measure(count) {
  let now = Date.now();
  const clock = () => now;
  const store = makeFleet(count, clock);
  const roll = createRoll({ store, clock, refreshesAhead: false });
  const app = createApp(
    {
      store,
      roll,
      keyring: createGatewayKeyring("key"),
      clones: createClones({ clock }),
      labels: compileLabels(BUILT_IN_RULES),
      clock,
      log,
      version: "bench",
      windowMs: 7_200_000,
      deadlineMs: 60_000,
    },
    createReadRoutes(),
  );
  const etags = new Map();
  const figures = new Map(
    Object.keys(POLLS).map((name) => [name, { changed: [], same: [], bytes: [], status: 0 }]),
  );
  let cursor;
  const listing = [];

  async function poll(name) {
    const path = POLLS[name] + (name.startsWith("ages") && cursor ? `&since=${cursor}` : "");
    const headers = {
      "x-api-key": "bench",
      accept: "application/x-ndjson",
      "if-none-match": etags.get(name) ?? '""',
    };
    if (name.startsWith("ages")) headers.accept = "application/json";
    const before = process.cpuUsage();
    const answer = await app.request(path, { headers });
    const body = Buffer.from(await answer.arrayBuffer());
    const { user, system } = process.cpuUsage(before);
    if (answer.status !== 200 && answer.status !== 304) throw new Error(`${path}: ${answer.status} ${body}`);
    etags.set(name, answer.headers.get("etag"));
    return { ms: (user + system) / 1000, status: answer.status, body };
  }

  for (let round = -2; round < rounds; round++) {
    now += POLL_MS;
    store.beat(Math.max(1, Math.round(count * CHURN)));
    const before = process.cpuUsage();
    await roll.view();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) listing.push((user + system) / 1000);
    for (const [name, own] of figures) {
      const first = await poll(name);
      const again = await poll(name);
      if (name.startsWith("ages") && first.status === 200) cursor = JSON.parse(first.body).cursor;
      if (round < 0) continue;
      own.changed.push(first.ms);
      own.same.push(again.ms);
      own.bytes.push(gzipSync(first.body).length);
      own.status = first.status;
      if (!name.endsWith(`(${first.status})`)) throw new Error(`${name}: ${first.status}`);
    }
  }
  await roll.close();
  console.log(
    `\n${count.toLocaleString("en")} hosts, ${CHURN * 100}% of which reported between two polls; the ` +
      `listing and what it reads took ${median(listing).toFixed(0)} ms of the processor\n`,
  );
  printTable(
    ["poll", "after heartbeats, ms", "once more, ms", "bytes, gzipped"],
    [...figures].map(([name, { changed, same, bytes, status }]) => [
      name,
      median(changed).toFixed(2),
      median(same).toFixed(2),
      status === 304 ? "0" : median(bytes).toLocaleString("en"),
    ]),
  );
}

/** A store in memory whose hosts send heartbeats, each time others. */
function makeFleet(count, clock) {
  const keys = Array.from({ length: count }, (_, index) => reportKey(index));
  const places = new Map(keys.map((key, index) => [key, index]));
  const received = new Float64Array(count).fill(clock() - 60_000);
  const beats = new Uint32Array(count);
  const sorted = [...keys].sort();
  let next = 0;
  const entryOf = (key) => {
    const index = places.get(key);
    return { key, etag: `${index}-${beats[index]}`, size: 650, lastModified: received[index] };
  };
  return {
    location: "fleet:",
    beat(many) {
      for (let at = 0; at < many; at++, next = (next + 7919) % count) {
        received[next] = clock() - 1000;
        beats[next]++;
      }
    },
    async *list(prefix, { shallow, after = "", upTo } = {}) {
      if (shallow || prefix !== "reports/v1/") return;
      const own = sorted.filter((key) => key > after && (upTo === undefined || key <= upTo));
      for (let at = 0; at < own.length; at += 1000) yield own.slice(at, at + 1000).map(entryOf);
    },
    async get(key) {
      const index = places.get(key);
      const text = makeReport(index).toString();
      const date = new Date(received[index]).toISOString();
      const body = Buffer.from(text.replace(/"update_date":"[^"]*"/, `"update_date":"${date}"`));
      return { ...entryOf(key), size: body.length, body };
    },
  };
}
