// The key with which an agent reports to a server: the one that it was given, or its own, for which it enrols once.
import { access, chown, mkdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../agent/replace-file.ts";
import type { HostAccess } from "../collect/collector.ts";
import { readFingerprint } from "../collect/fingerprint.ts";
import { isEc2 } from "../collect/identity.ts";
import { readIdentityDocument } from "../collect/metadata.ts";
import { createClient } from "./client.ts";
import { CommandError } from "./failure.ts";
import type { Io } from "./io.ts";
import type { Settings } from "./settings.ts";
import type { Target } from "./target.ts";

/** In the state folder. */
const FILE = "key";

export interface HostKey {
  /** Headers that go with each request about a host. @throws CommandError if the server does not enrol it */
  headersFor(id: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The server did not take them: an own key is given up, and the next request enrols again. */
  refused(): Promise<void>;
  /** For people; undefined if there is no key, nor a way to get one. */
  describe(): Promise<string | undefined>;
}

/** A key that is set is used as it is. */
function givenKey(settings: Settings): HostKey {
  return {
    async headersFor() {
      const key = await settings.readKey();
      return key === undefined ? {} : { "x-api-key": key };
    },
    refused: () => Promise.resolve(),
    describe: async () => ((await settings.readKey()) === undefined ? undefined : "an API key is set"),
  };
}

export interface OwnKeyOptions {
  readonly url: URL;
  /** The key that lets hosts enrol; undefined where there is none. */
  readonly enrolKey: string | undefined;
  /** Whether this is EC2, where the instance proves who it is. */
  readonly isProvable: boolean;
  readonly host: HostAccess;
  /** The agent's state folder: the key is kept in it, readable by its user alone. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
}

/** Whether an agent with this state folder has enrolled. */
function hasOwnKey(folder: string): Promise<boolean> {
  return access(join(folder, FILE)).then(
    () => true,
    () => false,
  );
}

/** An own key, for which the host enrols with the first request. */
function ownKey({ url, enrolKey, isProvable, host, folder, onNotice }: OwnKeyOptions): HostKey {
  const path = join(folder, FILE);
  let secret: string | undefined;

  async function readKept(): Promise<string | undefined> {
    const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return /^rh_\S{1,200}$/.test(kept.trim()) ? kept.trim() : undefined;
  }

  async function enrol(id: string, fingerprint: { machine: string; boot: string }, signal: AbortSignal): Promise<string> {
    if (enrolKey === undefined && !isProvable)
      throw new CommandError(
        `${url.origin} does not take this host's own key any more; to enrol again it needs an enrolment key: --enrol-key-file FILE`,
      );
    const identity = enrolKey === undefined ? await readIdentityDocument(host.metadata, signal) : undefined;
    const client = createClient({ url, key: enrolKey, signal, retries: 0 });
    const body = Buffer.from(JSON.stringify({ id, ...fingerprint, ...(identity && { identity }) }));
    const response = await client.request("/v1/enrolments", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    const { secret: made } = (await response.json()) as { secret: string };
    await mkdir(folder, { recursive: true });
    await replaceFile(path, `${made}\n`);
    // `sudo rollcall doctor` enrols too: the agent's own user must be able to read what it made.
    const { uid, gid } = await stat(folder);
    if (process.getuid?.() === 0) await chown(path, uid, gid);
    onNotice(`enrolled with ${url.origin} as ${id}`);
    return made;
  }

  return {
    async headersFor(id, signal) {
      const fingerprint = await readFingerprint(host, signal);
      secret ??= (await readKept()) ?? (await enrol(id, fingerprint, signal));
      return { "x-api-key": secret, "rollcall-machine": fingerprint.machine, "rollcall-boot": fingerprint.boot };
    },
    async refused() {
      secret = undefined;
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    },
    describe: async () =>
      (await readKept()) === undefined ? "none yet: the first report enrols" : `this host's own key, ${path}`,
  };
}

export interface KeyOptions {
  readonly settings: Settings;
  readonly target: Target;
  readonly host: HostAccess;
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
}

/** A key of its own with an enrolment key; and, where no key is set, on EC2 or where the host has enrolled before. */
export async function chooseKey({ settings, target, host, folder, onNotice }: KeyOptions, io: Io): Promise<HostKey> {
  if (target.kind === "store") return givenKey(settings);
  const enrolKey = await settings.readEnrolKey();
  const isSet = (await settings.readKey()) !== undefined;
  const isProvable = !isSet && (host.metadata.isGiven || (await isEc2(host, io.signal)));
  return enrolKey !== undefined || isProvable || (!isSet && (await hasOwnKey(folder)))
    ? ownKey({ url: target.url, enrolKey, isProvable, host, folder, onNotice })
    : givenKey(settings);
}
