// rollcall agent: reports when the host changes and once an hour, and takes the host out of the
// roll when it leaves.
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Logger } from "pino";
import type { HostCollection } from "../../agent/collection.ts";
import { followSpecs } from "../../agent/followed-collection.ts";
import { HostAgent, type HostAgentOptions } from "../../agent/host-agent.ts";
import { HOST_ID_FILE } from "../../agent/host-id.ts";
import { createLeaveNotices, type LeaveNotices, NO_NOTICES } from "../../agent/leave-notice.ts";
import { claimStateFolder } from "../../agent/machine-identity.ts";
import { findAgents } from "../../agent/running-agents.ts";
import { HEARTBEAT_MS } from "../../agent/schedule.ts";
import { sleep } from "../../agent/sleep.ts";
import { removeLeftOvers } from "../../agent/state-file.ts";
import { isRunning, openStatus } from "../../agent/status.ts";
import { readFingerprint } from "../../collect/fingerprint.ts";
import { isEc2 } from "../../collect/identity.ts";
import { chooseKey } from "../../remote/host-key.ts";
import { openLegacySink } from "../../remote/legacy-sink.ts";
import { openReportSink } from "../../remote/report-sink.ts";
import { CommandError } from "../program/failure.ts";
import { openHost, openHostCollection } from "../program/host-collection.ts";
import type { Io } from "../program/io.ts";
import { openLog } from "../program/log.ts";
import { VERSION } from "../program/version.ts";
import { readRoleIds } from "../settings/parsed-settings.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { type OpenFollower, openFollower } from "../settings/spec-following.ts";
import { findStateFolder, openObservationStore } from "../settings/state-folder.ts";
import { findTarget } from "../settings/target.ts";

export interface AgentCommandOptions extends Flags {
  readonly root?: string;
}

/**
 * Runs until the signal aborts, and leaves then. SIGHUP makes it read its settings and the spec
 * anew. @throws CommandError
 */
export async function runAgentCommand(options: AgentCommandOptions, io: Io): Promise<void> {
  let agent = await prepareAgent(options, io);
  agent.log.info(agent.facts, `rollcall agent ${VERSION} has started`);
  const reload: ReloadRequests = { isPending: false, onRequest: () => undefined };
  // All the time: in a program in which nobody listens SIGHUP is the end.
  const stopListening = io.onHangUp(() => {
    reload.isPending = true;
    reload.onRequest();
  });
  try {
    while (!io.signal.aborted) {
      const next = await runUntilReplaced(agent, reload, options, io);
      if (!next) break;
      agent = next;
      agent.log.info(agent.facts, "the settings and the spec were read anew");
    }
  } finally {
    stopListening();
  }
  agent.log.info("the agent has stopped");
}

type PreparedAgent = Awaited<ReturnType<typeof prepareAgent>>;

/** SIGHUP that came and was not looked at, and who wants to hear of the next one. */
interface ReloadRequests {
  isPending: boolean;
  onRequest: () => void;
}

/**
 * Runs an agent until the program ends, or SIGHUP has come and there are settings that work.
 *
 * @returns the one that takes its place
 */
async function runUntilReplaced(
  agent: PreparedAgent,
  reload: ReloadRequests,
  options: AgentCommandOptions,
  io: Io,
): Promise<PreparedAgent | undefined> {
  const replacing = new AbortController();
  let next: PreparedAgent | undefined;
  let isPreparing = false;
  async function prepare(): Promise<void> {
    if (isPreparing || !reload.isPending || replacing.signal.aborted) return;
    isPreparing = true;
    reload.isPending = false;
    try {
      next = await prepareAgent(options, io, agent.folder);
      replacing.abort();
    } catch (err) {
      agent.log.error({ err }, "the settings could not be read anew; those before stay in use");
    }
    isPreparing = false;
    await prepare();
  }
  reload.onRequest = () => void prepare();
  reload.onRequest();
  await agent.run({
    signal: AbortSignal.any([io.signal, replacing.signal]),
    isReplaced: () => !io.signal.aborted && next?.location === agent.location,
  });
  return io.signal.aborted ? undefined : next;
}

/**
 * Reads the settings and opens all that an agent needs. @param ownFolder the state folder that this
 * process uses already @throws CommandError
 */
async function prepareAgent(options: AgentCommandOptions, io: Io, ownFolder?: string) {
  const settings = await readSettings(options, io);
  const log = await openLog(settings.get("logLevel") ?? "info", io.stderr.isTerminal);
  const target = await findTarget(settings, io);
  const folder = resolve(await findStateFolder(settings, io));
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new CommandError(`the state folder cannot be made: ${error.message}; name another with --state`);
  });
  if (folder !== ownFolder) {
    await refuseSecondAgent(folder);
    await claim(folder, options, log, io);
  }
  const roleIds = readRoleIds(settings);
  const onNotice = (notice: string) => log.warn(notice);
  const onNews = (notice: string) => log.info(notice);
  let following: OpenFollower | undefined;
  const edition = () => ({ refused: following?.follower.refusal });
  const { root } = options;
  const memory = await openObservationStore(settings, { root, makesFolder: true, onNotice }, io);
  const local = await openHostCollection(
    { spec: settings.get("spec"), root, onNotice, edition, memory, heartbeatMs: HEARTBEAT_MS },
    io,
  );
  const key = await chooseKey({ ...io, given: settings, target, host: local.host, folder, onNotice: onNews });
  following = await openFollower({ settings, target, key, folder, onNotice }, io);
  const collection = following
    ? followSpecs(local, following.follower, {
        allowance: following.allowance,
        agentVersion: VERSION,
        onNotice: onNews,
      })
    : local;
  const sink = await openReportSink({
    ...io,
    target,
    key,
    host: collection.host,
    onNotice,
    retries: 0,
    folder,
    roleIds,
  });
  const legacyUrl = settings.get("legacyStore");
  const legacy = legacyUrl === undefined ? undefined : await openLegacySink({ ...io, url: legacyUrl });
  const { machine, boot } = await readFingerprint(collection.host, io.signal);
  return {
    log,
    folder,
    location: sink.location,
    facts: {
      target: sink.location,
      ...(legacy && { legacy: legacy.location }),
      state: folder,
      spec: collection.specDigest,
    },
    async run(ending: Pick<HostAgentOptions, "signal" | "isReplaced">): Promise<void> {
      const notices = await openNotices(collection, io.signal);
      const earlier = await openStatus(folder).load();
      const madeOn = `${machine} ${boot}`;
      const { clock } = io;
      const opened = { collection, sink, legacy, notices, folder, log, clock, earlier, madeOn };
      await new HostAgent({ ...opened, version: VERSION, ...ending }).run();
      await Promise.all([sink.close(), legacy?.close()]);
    },
  };
}

/** @throws CommandError if another agent has this state folder */
async function refuseSecondAgent(folder: string): Promise<void> {
  const running = await openStatus(folder).load();
  // Where the folder cannot be written, its status may be an old one.
  const [pid] = running && (await isRunning(running)) ? [running.pid] : await findAgents(folder);
  if (pid === undefined) return;
  throw new CommandError(
    `an agent runs already (process ${pid}); stop it first, or give another folder with --state`,
  );
}

/** What another machine left in the folder of which this one is a copy is not this one's. */
async function claim(folder: string, { root }: AgentCommandOptions, log: Logger, io: Io): Promise<void> {
  const { parts } = await readFingerprint(openHost(root, undefined, io), io.signal);
  try {
    await removeLeftOvers(folder, io.clock());
    const { data } = io.folders;
    const moved = await claimStateFolder(folder, parts, data === undefined ? [] : [join(data, HOST_ID_FILE)]);
    for (const path of moved)
      log.warn({ path }, "this was another machine's, of which this one is a copy; it was set aside");
  } catch (err) {
    // The agent says so for all that it keeps there, once.
    log.debug({ err, folder }, "the state folder cannot be taken for this machine's");
  }
}

/** Only on EC2 is anything sent: elsewhere the service's address may be anyone's. */
async function openNotices({ host }: HostCollection, signal: AbortSignal): Promise<LeaveNotices> {
  const isThere = host.metadata.isGiven || (await isEc2(host, signal));
  return isThere ? createLeaveNotices({ ...host, sleep }) : NO_NOTICES;
}
