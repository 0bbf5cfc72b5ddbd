// The key with which an agent reports to a server: the one that it was given, or its own, for which it enrols once.
import { mkdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../agent/replace-file.ts";
import type { HostAccess } from "../collect/collector.ts";
import { readFingerprint } from "../collect/fingerprint.ts";
import { readIdentityDocument } from "../collect/metadata.ts";
import { createClient } from "./client.ts";
import type { Settings } from "./settings.ts";

export interface HostKey {
  /** Headers that go with each request about a host. @throws CommandError if the server does not enrol it */
  headersFor(id: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The server did not take them: an own key is given up, and the next request enrols again. */
  refused(): Promise<void>;
}

/** A key that is set is used as it is. */
export function givenKey(settings: Settings): HostKey {
  return {
    async headersFor() {
      const key = await settings.readKey();
      return key === undefined ? {} : { "x-api-key": key };
    },
    refused: () => Promise.resolve(),
  };
}

export interface OwnKeyOptions {
  readonly url: URL;
  /** The key that lets hosts enrol; undefined on EC2, where the instance proves who it is. */
  readonly enrolKey: string | undefined;
  readonly host: HostAccess;
  /** The agent's state folder: the key is kept in it, readable by its user alone. */
  readonly folder: string;
  readonly onNotice: (notice: string) => void;
}

/** An own key, for which the host enrols with the first request. */
export function ownKey({ url, enrolKey, host, folder, onNotice }: OwnKeyOptions): HostKey {
  const path = join(folder, "key");
  let secret: string | undefined;

  async function readKept(): Promise<string | undefined> {
    const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    return /^rh_\S{1,200}$/.test(kept.trim()) ? kept.trim() : undefined;
  }

  async function enrol(id: string, fingerprint: { machine: string; boot: string }, signal: AbortSignal): Promise<string> {
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
  };
}
