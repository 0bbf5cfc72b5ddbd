// Many agents in one process, for bench/agent.mjs: node agents.mjs SERVER HOSTS FOLDER. A host's
// number on stdin makes it leave.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { PARTS } from "../build.mjs";

const parts = await import(PARTS);
const [server, count, folder] = process.argv.slice(2);
const SPEC = `
version: 1
collect:
  - host: { metadata: off }
  - file: { path: /app.conf, fields: { version: { pattern: 'version=(.*)' } } }
`;
const { spec, digest: specDigest } = parts.parseSpec(SPEC);
const sleep = (ms, signal) => wait(ms, undefined, { signal }).catch(() => undefined);

async function request(method, id, body) {
  const response = await fetch(`${server}/v1/reports/${id}`, {
    method,
    headers: { "x-api-key": process.env.ROLLCALL_KEY },
    body,
  });
  if (!response.ok) throw new Error(`${method} ${response.status}`);
}

const sink = {
  location: server,
  send: ({ id, bytes }) => request("PUT", id, bytes),
  leave: (id) => request("DELETE", id),
  close: async () => undefined,
};

/** Starts an agent whose host is a folder. @returns what makes it leave */
function startAgent(number, onReported) {
  const root = join(folder, String(number));
  const id = (number + 1).toString(16).padStart(32, "0");
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/machine-id"), `${id}\n`);
  writeFileSync(join(root, "app.conf"), "version=1\n");
  const host = parts.openMachine({ root, environment: {} });
  const rounds = parts.createRounds(spec, host, { agentVersion: "bench", specDigest });
  const stop = new AbortController();
  const common = { random: Math.random, sleep };
  const onFailure = (error) => console.error(error);
  const delivery = parts.createDelivery({
    sink,
    spool: parts.NO_SPOOL,
    clock: Date.now,
    onSent: onReported,
    onFailure,
    ...common,
  });
  const ended = parts.runAgent(
    {
      subject: {
        watched: rounds.inputs,
        async collect(wanted, signal) {
          const report = await rounds.collect(wanted, signal);
          return { ...report, digest: parts.digestContent(report.bytes) };
        },
      },
      delivery,
      watch: (onChange) =>
        parts.createWatch({
          resolve: host.files.resolve,
          glob: async () => ({ paths: [], folders: [] }),
          onChange,
          monotonic: host.monotonic,
          clock: Date.now,
          later: (ms, act) => {
            const timer = setTimeout(act, ms);
            return () => clearTimeout(timer);
          },
          onPolled: (polled) => onFailure(JSON.stringify(polled)),
        }),
      clock: Date.now,
      monotonic: host.monotonic,
      uptime: Number.POSITIVE_INFINITY,
      onError: onFailure,
      ...common,
    },
    stop.signal,
  );
  return async () => {
    stop.abort();
    await ended;
    await delivery.stop(5000);
    await parts.leave(
      { sink, onFailure, ...common },
      { id, reason: "stopped" },
      new AbortController().signal,
    );
  };
}

const reported = new Set();
const agents = Array.from({ length: Number(count) }, (_, number) =>
  startAgent(number, () => {
    reported.add(number);
    if (reported.size === Number(count)) console.log("ready");
  }),
);
createInterface({ input: process.stdin }).on("line", (line) => void agents[Number(line)]());
