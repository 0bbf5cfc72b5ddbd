// Real daemons and services: the specs of docs/collectors/processes.md say of each what is so, from
// its start to its end.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { type Cell, findObstacle, openCell } from "./cell.ts";
import { DAEMONS, type Daemon, startDaemon, writeFiles } from "./daemons.ts";

/** For a daemon to start, reload or end; ms. */
const PATIENCE_MS = 60_000;

const obstacle = findObstacle();
const missing = DAEMONS.filter(({ program }) => !existsSync(program));
if (process.env.CI && (obstacle !== undefined || missing.length > 0)) {
  throw new Error(
    `real daemons cannot be tried: ${obstacle ?? missing.map(({ debian }) => debian).join(", ")}`,
  );
}
if (obstacle) process.stderr.write(`skipped: real daemons: ${obstacle}\n`);
for (const { name, debian } of missing)
  process.stderr.write(`skipped: ${name}: the package ${debian} is not installed\n`);
const here = obstacle ? [] : DAEMONS.filter((daemon) => !missing.includes(daemon));

interface Spec {
  collect: { processes?: { into: string; match?: unknown; program?: unknown } }[];
}

/** The spec below a heading of the page. */
function findSpec(page: string, name: string): Spec {
  const section = page.split(/^### /m).find((text) => text.startsWith(`${name}\n`));
  const [, text] = /```yaml\n([\s\S]*?)```/.exec(section ?? "") ?? [];
  if (text === undefined) throw new Error(`docs/collectors/processes.md has no spec for ${name}`);
  return parse(text) as Spec;
}

interface Report {
  readonly rollcall: {
    readonly collectors: readonly {
      readonly unread?: readonly { readonly what: string; readonly reason: string }[];
    }[];
  };
}

interface Entry {
  readonly state: string;
  readonly started_at?: string;
  readonly reason?: string;
  readonly changed?: readonly { readonly what: string; readonly path: string; readonly by?: string }[];
}

/** Of each daemon, what a report said. */
type Look = Readonly<Record<string, Entry>>;

const looks: Record<string, Look> = {};

describe.skipIf(here.length === 0)("the specs in docs/collectors/processes.md", () => {
  let cell: Cell;
  const into = new Map<Daemon, string>();

  /** One report by all the specs. */
  async function look(spec: string, user: "root" | "nobody"): Promise<Look> {
    const as = user === "root" ? [] : ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const args = ["report", "--print", "--spec", spec, "--state", `/run/rollcall-${user}`];
    const { stdout, stderr, code } = await cell.run([
      ...as,
      process.execPath,
      "/run/program/dist/main.js",
      ...args,
    ]);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report & Record<string, readonly Entry[]>;
    return Object.fromEntries(
      here.map((daemon) => {
        const name = into.get(daemon) ?? "";
        const [entry, ...others] = report[name] ?? [];
        expect(others, daemon.name).toEqual([]);
        const unread = report.rollcall.collectors.flatMap((step) => step.unread ?? []);
        // A file that may not be read has no entry, and that is told.
        const isTold = unread.some(
          ({ what, reason }) => daemon.file.startsWith(what) && reason.includes("may not be read"),
        );
        const unreadable = isTold ? { state: "unknown", reason: "the file may not be read" } : undefined;
        expect(entry ?? unreadable, `${daemon.name}: ${stdout}`).toBeDefined();
        return [daemon.name, (entry ?? unreadable) as Entry];
      }),
    );
  }

  async function lookUntil(what: string, isThere: (daemon: Daemon, entry: Entry) => boolean): Promise<Look> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      const seen = await look("/run/specs.yaml", "root");
      const late = here.filter((daemon) => !isThere(daemon, seen[daemon.name] as Entry));
      if (late.length === 0) return seen;
      if (performance.now() > until) {
        const words = late.map(({ name }) => `${name}: ${JSON.stringify(seen[name])}`).join("\n");
        const { stdout: processes } = await cell.run(["ps", "-eo", "pid,ppid,user,args"]);
        throw new Error(`not ${what} in time:\n${words}\n${cell.output().slice(-4000)}\n${processes}`);
      }
      await wait(250);
    }
  }

  const both = async (phase: string, seen: Look) => {
    looks[phase] = seen;
    looks[`${phase}, as nobody`] = await look("/run/specs.yaml", "nobody");
  };

  const findNumber = async ({ pattern }: Daemon) =>
    (await cell.run(["pgrep", "-o", "-f", "--", pattern])).stdout.trim();

  const change = async (files: readonly (string | undefined)[]) => {
    for (const file of files) if (file) await cell.run(["sh", "-c", 'echo >> "$1"', "sh", file]);
  };

  /** Writes the specs, and all files that the daemons' packages do not bring. */
  async function prepare(): Promise<void> {
    const page = await readFile(new URL("../../docs/collectors/processes.md", import.meta.url), "utf8");
    const steps = here.map((daemon) => {
      const step = findSpec(page, daemon.name).collect.find(({ processes }) => processes)?.processes;
      if (!step) throw new Error(`the spec for ${daemon.name} has no step processes`);
      into.set(daemon, step.into);
      return step;
    });
    const bare = steps.map(({ match: _match, program: _program, ...rest }) => rest);
    const write = (path: string, all: readonly object[]) => {
      const collect = [{ host: { metadata: "off" } }, ...all.map((processes) => ({ processes }))];
      return cell.write(path, stringify({ version: 1, collect }));
    };
    await write("/run/specs.yaml", steps);
    await write("/run/bare.yaml", bare);
    for (const [user, id] of Object.entries({ root: "0", nobody: "65534" })) {
      await cell.run(["install", "-d", "-o", id, "-g", id, `/run/rollcall-${user}`]);
    }
    for (const daemon of here) await writeFiles(daemon, cell);
  }

  async function reload(daemon: Daemon): Promise<void> {
    if (daemon.reload === undefined) return;
    const { code, stderr } = await cell.run(["sh", "-c", daemon.reload], { PID: await findNumber(daemon) });
    if (code !== 0) throw new Error(`${daemon.name} cannot be reloaded: ${stderr}`);
  }

  const afterReload = ({ states }: Daemon) => states?.reloaded ?? "restart_pending";

  beforeAll(async () => {
    cell = await openCell();
    await prepare();
    await both("before", await look("/run/specs.yaml", "root"));

    for (const daemon of here) await startDaemon(daemon, cell);
    await both("running", await lookUntil("running", (_, { state }) => state === "running"));
    looks["without match"] = await look("/run/bare.yaml", "root");
    looks["without match, as nobody"] = await look("/run/bare.yaml", "nobody");

    await change(here.map(({ included, file }) => included ?? file));
    await both("changed", await look("/run/specs.yaml", "root"));
    for (const daemon of here) await reload(daemon);
    await both("reloaded", await lookUntil("reloaded", (daemon, { state }) => state === afterReload(daemon)));
    await change(here.map(({ file }) => file));
    await both("changed again", await look("/run/specs.yaml", "root"));

    for (const daemon of here) {
      await cell.run([
        "sh",
        "-c",
        'kill -s "$1" "$2"',
        "sh",
        daemon.endSignal ?? "TERM",
        await findNumber(daemon),
      ]);
    }
    await both("ended", await lookUntil("ended", (_, { state }) => state === "not_running"));
  }, 6 * PATIENCE_MS);

  afterAll(async () => {
    await cell?.close();
  });

  describe.each(here.map((daemon) => [daemon.name, daemon] as const))(
    "%s",
    (name, { states, included, file }) => {
      const at = (phase: string): Entry => looks[phase]?.[name] as Entry;
      const changed = states?.changed ?? "restart_pending";

      it("does not run before its start and after its end, and runs between", () => {
        expect(at("before").state).toBe("not_running");
        expect(at("running")).toMatchObject({ state: "running", started_at: expect.any(String) });
        expect(at("ended").state).toBe("not_running");
      });

      it("has not the files that were changed, until it has read them again", () => {
        expect(at("changed").state).toBe(changed);
        expect(at("reloaded").state).toBe(states?.reloaded ?? "restart_pending");
        expect(at("changed again").state).toBe(changed);
      });

      it("is told by which file changed", () => {
        if (changed !== "restart_pending") return expect(at("changed").reason).toEqual(expect.any(String));
        expect(at("changed").changed).toEqual([
          expect.objectContaining({ what: included ? "also" : "file" }),
        ]);
        expect(at("changed again").changed).toEqual(
          expect.arrayContaining([
            expect.objectContaining({
              what: "file",
              path: expect.stringContaining(file.split("/").at(-1) ?? ""),
            }),
          ]),
        );
      });

      it("is never said not to run by a spec that says nothing of it", () => {
        for (const phase of ["without match", "without match, as nobody"]) {
          expect(["running", "unknown"], JSON.stringify(at(phase))).toContain(at(phase).state);
        }
      });

      it("is told rightly or not at all to a user who may not look into it", () => {
        const truth = {
          before: "not_running",
          running: "running",
          changed,
          reloaded: states?.reloaded ?? changed,
          ended: "not_running",
        };
        for (const [phase, state] of Object.entries(truth)) {
          const entry = at(`${phase}, as nobody`);
          expect([state, "unknown"], `${phase}: ${JSON.stringify(entry)}`).toContain(entry.state);
          if (entry.state === "unknown") expect(entry.reason).toEqual(expect.stringMatching(/\w/));
        }
      });
    },
  );
});
