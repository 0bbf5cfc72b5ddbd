// Mutants of reports, sent to a running server: each is taken or refused, and the roll stays whole.
import { gzipSync } from "node:zlib";
import { runLanes } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { enlistHosts, makeReport } from "./fleet.ts";
import { mutateBytes, mutateJson, pick } from "./mutation.ts";

const LANES = 8;
/** Hosts that the mutants claim to be. */
const HOSTS = 100;
const CHECK_EVERY = 500;

/** Ways to ask for the answers that the mutants are in. */
const QUESTIONS = [
  "versions",
  "versions?by=env",
  "versions?field=app_version,processes.module_A_filename",
  "coverage",
  "problems",
  "reports?meta=true",
];

export const reportMutants: Attack = {
  name: "reports",
  summary: "mutants of reports",
  few: 300,
  async run(arena) {
    const server = await arena.serve();
    const keys = { ingest: await arena.makeKey("ingest"), read: await arena.makeKey("read") };
    const fleet = await enlistHosts(arena, server, keys);
    let sent = 0;
    await runLanes(LANES, async () => {
      while (arena.goOn()) {
        const id = `m-${Math.floor(arena.random() * HOSTS)}`;
        const mutant = mutateJson(makeReport(id), arena.random);
        const [body, headers] = dress(mutant, arena.random);
        const { status } = await arena.ask(`${server.url}/v1/reports/${id}`, {
          method: "PUT",
          key: keys.ingest,
          body,
          headers,
        });
        if (status < 200 || status >= 500)
          arena.wrong(`a mutant was answered ${status}: ${mutant.toString("base64").slice(0, 2000)}`);
        if (++sent % CHECK_EVERY !== 0) continue;
        await fleet.check(server, `after ${sent} mutants`);
        const question = pick(QUESTIONS, arena.random);
        const answer = await arena.ask(`${server.url}/v1/${question}`, { key: keys.read });
        if (answer.status !== 200) arena.wrong(`${question} was answered ${answer.status}`);
      }
    });
    await fleet.check(server, "at the end");
  },
};

/** How the body says that it is packed, which may be a lie. */
function dress(mutant: Buffer, random: () => number): [Uint8Array<ArrayBuffer>, Record<string, string>] {
  const kind = random();
  const plain = {
    "content-type": pick(["application/json", "text/plain", "application/x-www-form-urlencoded", ""], random),
  };
  if (kind < 0.85) return [new Uint8Array(mutant), plain];
  const packed = gzipSync(mutant);
  if (kind < 0.92) return [new Uint8Array(packed), { ...plain, "content-encoding": "gzip" }];
  return [
    new Uint8Array(mutateBytes(packed, random)),
    { ...plain, "content-encoding": pick(["gzip", "br", "deflate", "x"], random) },
  ];
}
