// rollcall doctor: looks at everything that a report needs on its way, and says what to fix.
import { access, constants, mkdir } from "node:fs/promises";
import type { Collection, HostCollection } from "../../agent/collection.ts";
import type { ReportSink } from "../../agent/delivery.ts";
import { readFacts } from "../../agent/followed-collection.ts";
import { HEARTBEAT_MS } from "../../agent/schedule.ts";
import { isRunning, openStatus } from "../../agent/status.ts";
import { isEc2 } from "../../collect/identity.ts";
import { readMetadata } from "../../collect/metadata.ts";
import { chooseKey, type HostKey } from "../../remote/host-key.ts";
import { openReportSink } from "../../remote/report-sink.ts";
import type { Target } from "../../remote/target.ts";
import { longestPause } from "../../report/heartbeat.ts";
import { DEFAULT_WINDOW_MS } from "../../report/limits.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import type { StoreHop } from "../../store/store.ts";
import { CommandError } from "../program/failure.ts";
import { openHostCollection } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";
import { readRoleIds } from "../settings/parsed-settings.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings, type Settings } from "../settings/settings.ts";
import { openFollower } from "../settings/spec-following.ts";
import { findStateFolder, openObservationStore } from "../settings/state-folder.ts";
import { findTarget } from "../settings/target.ts";
import { checkAlsoRead } from "./doctor-also-read.ts";
import { checkCaller } from "./doctor-caller.ts";
import { checkClock } from "./doctor-clock.ts";
import { adviseOn, type Destination, findHop } from "./doctor-hop.ts";
import { checkNetwork, describeDestination, findBucketUrl } from "./doctor-network.ts";
import { checkProcesses } from "./doctor-processes.ts";

export interface DoctorOptions extends Flags {
  readonly root?: string;
  /** Whether a report is sent, to try the right to. */
  readonly send: boolean;
  readonly json?: boolean;
}

/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly outcome: "ok" | "warning" | "failed" | "skipped";
  readonly detail: string;
  /** Which part of the way is closed, where that is what failed. */
  readonly hop?: StoreHop;
  /** What to do. */
  readonly fix?: string;
}

/** Runs all checks and prints what they found. @throws CommandError if one failed */
export async function runDoctor(options: DoctorOptions, io: Io): Promise<void> {
  const findings: Finding[] = [];
  const note = async (finding: Finding): Promise<void> => {
    findings.push(finding);
    if (isForPeople(options, io)) await io.stdout.write(formatFinding(finding));
  };
  await examine(options, io, note);
  if (!isForPeople(options, io)) await io.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  const failed = findings.filter(({ outcome }) => outcome === "failed").length;
  if (failed > 0) throw new CommandError(`${failed} of ${findings.length} checks failed`);
}

function isForPeople({ json }: DoctorOptions, { stdout }: Io): boolean {
  return !json && stdout.isTerminal;
}

async function examine(
  options: DoctorOptions,
  io: Io,
  note: (finding: Finding) => Promise<void>,
): Promise<void> {
  const settings = await readSettings(options, io);
  const target = await attempt(
    "target",
    note,
    async () => {
      const found = await findTarget(settings, io);
      const detail = found.kind === "store" ? found.url : found.url.origin;
      return { value: found, detail };
    },
    "name where reports go: --store URL or --server URL",
  );
  const collection = await attempt(
    "spec",
    note,
    async () => {
      const { root } = options;
      const memory = await openObservationStore(
        settings,
        { root, makesFolder: false, onNotice: () => undefined },
        io,
      );
      const value = await openHostCollection({ spec: settings.get("spec"), root, memory }, io);
      return {
        value,
        detail: `${settings.get("spec") ?? "built-in: host facts alone"} (${value.specDigest.slice(0, 19)}…)`,
      };
    },
    "rollcall spec check FILE explains each mistake",
  );
  if (collection) {
    await note(await checkMetadata(collection, io.signal));
    await note(await checkProcesses(collection.host, io.signal));
  }
  await checkWindow(settings, note);
  const report = collection && (await checkCollection(collection, io, note));
  const folder = await findStateFolder(settings, io);
  await note(await checkState(folder));
  if (!target) return;
  const url = target.kind === "server" ? target.url : await findBucketUrl(target.url, io.env);
  const destination = describeDestination(target.kind, url);
  await note(await checkNetwork(url, destination, io.env));
  const healthUrl = target.kind === "server" ? new URL("/healthz", target.url) : url;
  await note(await checkClock(healthUrl, destination, io.clock));
  const roleIds = readRoleIds(settings);
  if (target.kind === "store") {
    const parts = { host: collection?.host, folder, roleIds, destination };
    for (const finding of await checkCaller(target.url, parts, io)) await note(finding);
    for (const other of settings.alsoRead()) await note(await checkAlsoRead(other, io));
  }
  if (!collection) return;
  const key = await chooseKey({
    ...io,
    given: settings,
    target,
    host: collection.host,
    folder,
    onNotice: () => undefined,
  });
  if (target.kind === "server") await checkKey(key, note);
  if (report)
    await checkStore(
      {
        options,
        target,
        report,
        destination,
        open: () => {
          const { host } = collection;
          const onNotice = () => undefined;
          return openReportSink({ ...io, target, key, host, onNotice, retries: 0, folder, roleIds });
        },
      },
      io,
      note,
    );
  await checkFollowing({ settings, target, key, folder, report }, io, note);
}

/** Runs a check that gives a value; a failure is a finding. */
async function attempt<T>(
  check: string,
  note: (finding: Finding) => Promise<void>,
  run: () => Promise<{ readonly value: T; readonly detail: string; readonly outcome?: Finding["outcome"] }>,
  fix: string | ((hop: StoreHop | undefined) => string),
): Promise<T | undefined> {
  try {
    const { value, detail, outcome = "ok" } = await run();
    await note({ check, outcome, detail });
    return value;
  } catch (error) {
    const hop = findHop(error);
    await note({
      check,
      outcome: "failed",
      ...(hop && { hop }),
      detail: error instanceof Error ? error.message : String(error),
      fix: typeof fix === "string" ? fix : fix(hop),
    });
    return undefined;
  }
}

/** Where this machine asks or serves too: its own window. */
async function checkWindow(settings: Settings, note: (finding: Finding) => Promise<void>): Promise<void> {
  await attempt(
    "window",
    note,
    async () => {
      const value = settings.windowMs() ?? DEFAULT_WINDOW_MS;
      const least = longestPause(HEARTBEAT_MS);
      const minutes = (ms: number) => `${Math.round(ms / 60_000)} min`;
      if (value >= least)
        return { value, detail: `${minutes(value)}; agents pause for ${minutes(least)} at most` };
      const detail =
        `within is ${minutes(value)} here, and agents pause for up to ${minutes(least)}: hosts that are ` +
        "well count as silent meanwhile; leave within at two hours, or more";
      return { value, detail, outcome: "warning" };
    },
    "say within as 2h, for instance",
  );
}

async function checkMetadata({ host }: HostCollection, signal: AbortSignal): Promise<Finding> {
  const check = "metadata service";
  const isHere = host.metadata.isGiven || (await isEc2(host, signal));
  if (!isHere) return { check, outcome: "skipped", detail: "this is no EC2 instance" };
  const facts = await readMetadata(host.metadata, true, signal);
  if ("failure" in facts) {
    const fix =
      "switch it on for this instance (aws ec2 modify-instance-metadata-options " +
      "--http-endpoint enabled); in a container, a hop limit of 2";
    return { check, outcome: "failed", detail: facts.failure, fix };
  }
  const [missing] = facts.unread;
  if (missing) return { check, outcome: "warning", detail: `${missing.what}: ${missing.reason}` };
  const { instanceId = "", origin } = facts;
  return {
    check,
    outcome: "ok",
    detail: `${instanceId} in ${origin.account ?? "?"}, ${origin.region ?? "?"}`,
  };
}

async function checkCollection(
  collection: HostCollection,
  io: Io,
  note: (finding: Finding) => Promise<void>,
) {
  const fix = "see docs/collectors/host.md on where a host's id comes from";
  const report = await attempt(
    "report",
    note,
    async () => {
      const value = await collection.collect({ all: true }, io.signal);
      return { value, detail: `${value.id}, ${value.bytes.length} bytes` };
    },
    fix,
  );
  for (const { what, reason } of report?.unread ?? [])
    await note({ check: "report", outcome: "warning", detail: `${what}: ${reason}` });
  return report;
}

async function checkState(folder: string): Promise<Finding> {
  const check = "agent";
  try {
    const status = await openStatus(folder).load();
    if (status && (await isRunning(status))) {
      const detail = `runs as process ${status.pid}`;
      return status.waiting_since === undefined
        ? { check, outcome: "ok", detail }
        : {
            check,
            outcome: "warning",
            detail: `${detail}; its reports do not get through: ${status.last_error ?? ""}`,
          };
    }
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return {
      check,
      outcome: "skipped",
      detail: `none runs with the state folder ${folder}, which can be written`,
    };
  } catch (error) {
    const detail = `the state folder ${folder} cannot be used: ${(error as Error).message}`;
    return {
      check,
      outcome: "failed",
      detail,
      fix: "give it to the agent's user, or name another with --state",
    };
  }
}

async function checkKey(key: HostKey, note: (finding: Finding) => Promise<void>): Promise<void> {
  await attempt(
    "credentials",
    note,
    async () => {
      const detail = await key.describe();
      if (detail === undefined) throw new Error("there is no API key");
      return { value: undefined, detail };
    },
    "set ROLLCALL_KEY or --key-file, or let the host enrol with --enrol-key-file (docs/enrol.md)",
  );
}

interface StoreCheck {
  readonly options: DoctorOptions;
  readonly target: Target;
  readonly report: Collection;
  readonly destination: Destination;
  readonly open: () => Promise<ReportSink>;
}

/**
 * The right to write is proven by writing: this host's report, which its agent would send as well.
 */
async function checkStore(
  { options, target, report, destination, open }: StoreCheck,
  io: Io,
  note: (finding: Finding) => Promise<void>,
): Promise<void> {
  if (!options.send)
    return note({ check: "send", outcome: "skipped", detail: "not tried, as --no-send says" });
  const usual =
    target.kind === "server"
      ? "if the server does not answer, check the address and the network; for a key, " +
        "see rollcall keys create --help and docs/enrol.md; a host that was rebuilt, " +
        "and is taken for a copy, enrols again after rollcall keys revoke HOST_ID"
      : /^s3:/i.test(target.url)
        ? "see docs/stores/s3.md for the rights on a bucket"
        : "give the folder to the agent's user, or name another with --store";
  await attempt(
    "send",
    note,
    async () => {
      const sink = await open();
      try {
        await sink.send(report, io.signal);
        return { value: true, detail: `the report of ${report.id} is at ${sink.location}` };
      } finally {
        await sink.close();
      }
    },
    (hop) => (hop === undefined || target.kind === "server" ? usual : adviseOn(hop, destination)),
  );
}

interface FollowingCheck {
  readonly settings: Settings;
  readonly target: Target;
  readonly key: HostKey;
  readonly folder: string;
  readonly report: Collection | undefined;
}

async function checkFollowing(
  { settings, target, key, folder, report }: FollowingCheck,
  io: Io,
  note: (finding: Finding) => Promise<void>,
): Promise<void> {
  const fix = "check --spec-keys and --allow-commands; docs/publish-specs.md";
  await attempt(
    "published spec",
    note,
    async () => {
      const following = await openFollower({ settings, target, key, folder, onNotice: () => undefined }, io);
      if (!following || !report)
        return {
          value: undefined,
          detail: "none is followed: --spec-keys is not set",
          outcome: "skipped" as const,
        };
      const edition = await following.follower.checkForEdition(readFacts(report));
      if (edition === undefined)
        return { value: undefined, detail: "nothing is published yet", outcome: "skipped" as const };
      const detail = `edition ${edition} is signed by a key that is trusted here, and allowed`;
      const refused = (await openStatus(folder).load())?.spec_refused;
      return refused === undefined
        ? { value: edition, detail }
        : {
            value: edition,
            detail: `${detail}, but the agent refused ${refused}`,
            outcome: "warning" as const,
          };
    },
    fix,
  );
}

/** The hops as people call them. */
const HOPS: Readonly<Record<StoreHop, string>> = {
  dns: "DNS",
  tcp: "TCP",
  proxy: "the proxy",
  tls: "TLS",
  http: "HTTP",
  credentials: "credentials",
  sts: "STS",
  region: "the region",
  policy: "a policy",
};

const MARKS: Readonly<Record<Finding["outcome"], string>> = {
  ok: "ok  ",
  warning: "WARN",
  failed: "FAIL",
  skipped: "-   ",
};

function formatFinding({ check, outcome, hop, detail, fix }: Finding): string {
  const closed = hop === undefined ? "" : `closed at ${HOPS[hop]}: `;
  const lines = [
    `${MARKS[outcome]}  ${check.padEnd(16)}  ${closed}${sanitizeLine(detail)}`,
    ...(fix ? [`      ${"".padEnd(16)}  fix: ${fix}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
