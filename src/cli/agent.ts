// rollcall agent: reports when the host changes and once an hour, and takes the host out of the roll when it leaves.
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Logger } from "pino";
import { claimFolder } from "../agent/identity.ts";
import { createNotices, NO_NOTICES, type Notices } from "../agent/leave-notice.ts";
import type { SpecFollower } from "../agent/spec-follower.ts";
import { removeLeftOvers } from "../agent/state-file.ts";
import { isRunning, openStatus } from "../agent/status.ts";
import { readFingerprint } from "../collect/fingerprint.ts";
import { isEc2 } from "../collect/identity.ts";
import { sleep } from "./agent-parts.ts";
import { findStateFolder, openMemory } from "./agent-state.ts";
import { type HostCollection, openCollection, openHost } from "./collection.ts";
import { CommandError } from "./failure.ts";
import { followSpecs } from "./followed-collection.ts";
import { openFollower } from "./follower.ts";
import { HostAgent } from "./host-agent.ts";
import { HOST_ID_FILE } from "./host-id.ts";
import { chooseKey } from "./host-key.ts";
import type { Io } from "./io.ts";
import { openLog } from "./log.ts";
import { openOutlet } from "./outlet.ts";
import { type Flags, readSettings } from "./settings.ts";
import { findTarget } from "./target.ts";
import { VERSION } from "./version.ts";

export interface AgentCommandOptions extends Flags {
  readonly root?: string;
}

/** Runs until the signal aborts, and leaves then. @throws CommandError */
export async function runAgentCommand(options: AgentCommandOptions, io: Io): Promise<void> {
  const settings = await readSettings(options, io);
  const log = await openLog(settings.get("logLevel") ?? "info", io.stderr.isTerminal);
  const target = await findTarget(settings, io);
  const folder = await findStateFolder(settings, io);
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new CommandError(`the state folder cannot be made: ${error.message}; name another with --state`);
  });
  const running = await openStatus(folder).load();
  if (running && (await isRunning(running))) {
    throw new CommandError(`an agent runs already (process ${running.pid}); stop it first, or give another folder with --state`);
  }
  const onNotice = (notice: string) => log.warn(notice);
  const onNews = (notice: string) => log.info(notice);
  let follower: SpecFollower | undefined;
  await claim(folder, options, log, io);
  const edition = () => ({ refused: follower?.refusal });
  const { root } = options;
  const memory = await openMemory(settings, { root, makesFolder: true, onNotice }, io);
  const local = await openCollection({ specFile: settings.get("spec"), root, onNotice, edition, memory }, io);
  const key = await chooseKey({ settings, target, host: local.host, folder, onNotice: onNews }, io);
  follower = await openFollower({ settings, target, key, folder, onNotice }, io);
  const collection = follower ? followSpecs(local, follower, onNews) : local;
  const outlet = await openOutlet({ target, key, onNotice, retries: 0 }, io);
  const notices = await openNotices(collection, io.signal);
  const earlier = await openStatus(folder).load();
  const { machine, boot } = await readFingerprint(collection.host, io.signal);
  const agent = new HostAgent({ collection, outlet, notices, folder, log, io, earlier, madeOn: `${machine} ${boot}` });
  log.info(
    { target: outlet.location, state: resolve(folder), spec: collection.specDigest },
    `rollcall agent ${VERSION} has started`,
  );
  await agent.run();
  await outlet.close();
  log.info("the agent has stopped");
}

/** What another machine left in the folder of which this one is a copy is not this one's. */
async function claim(folder: string, { root }: AgentCommandOptions, log: Logger, io: Io): Promise<void> {
  const { parts } = await readFingerprint(openHost(root, undefined, io), io.signal);
  try {
    await removeLeftOvers(folder, io.clock());
    const { data } = io.folders;
    const moved = await claimFolder(folder, parts, data === undefined ? [] : [join(data, HOST_ID_FILE)]);
    for (const path of moved) log.warn({ path }, "this was another machine's, of which this one is a copy; it was set aside");
  } catch (err) {
    log.warn({ err, folder }, "the state folder cannot be written: nothing survives a restart");
  }
}

/** Only on EC2 is anything sent: elsewhere the service's address may be anyone's. */
async function openNotices({ host }: HostCollection, signal: AbortSignal): Promise<Notices> {
  const isThere = host.metadata.isGiven || (await isEc2(host, signal));
  return isThere ? createNotices({ ...host, sleep }) : NO_NOTICES;
}
