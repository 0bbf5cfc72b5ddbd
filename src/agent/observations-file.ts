// The file of observations in the agent's state folder: agent and one-shot reports read and write
// it, at the same time if need be.
import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MAX_OBSERVATIONS_BYTES, type ObservationStore, Observations } from "../collect/observations.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { readStateFile, setAside } from "./state-file.ts";

/** An idle agent leaves the disk alone. */
const REFRESH_MS = 3_600_000;

export interface ObservationsFileOptions {
  readonly folder: string;
  /** The folder that stands in for the host's root: the same path below another is another file. */
  readonly root?: string | undefined;
  /** Whether a folder that is not there is made. */
  readonly makesFolder?: boolean;
  /**
   * After which time it is written though nothing changed: that nothing did is known from then on
   * by whoever is started next; ms.
   */
  readonly refreshMs?: number;
  /** Told of a file that is set aside, or cannot be read or written; the latter once. */
  readonly onNotice: (notice: string) => void;
}

/**
 * Opens the file; it is read when it is first asked for, and again when another process wrote it.
 */
export function openObservationsFile(options: ObservationsFileOptions): ObservationStore {
  const { folder, root = "/", makesFolder = false, refreshMs = REFRESH_MS, onNotice } = options;
  const suffix = root === "/" ? "" : `-${digest(root).slice(0, 8)}`;
  const path = join(folder, `observed${suffix}.json`);
  let loading: Promise<Observations> | undefined;
  /** The file that was read last, and the content that was read or written last. */
  let known = { identity: "", content: "" };
  let saving = Promise.resolve();
  let hasFailed = false;

  /** @returns whether another process has written something since */
  async function takeIn(observations: Observations): Promise<boolean> {
    const identity = await identify(path);
    if (identity === undefined || identity === known.identity) return false;
    const bytes = await readStateFile(path, MAX_OBSERVATIONS_BYTES);
    const content = bytes === undefined ? "" : digest(bytes);
    const isOwn = bytes !== undefined && content === known.content;
    known = { identity, content };
    if (isOwn) return false;
    if (bytes !== undefined && observations.take(bytes.toString("utf8"))) return true;
    const aside = await setAside(path, "damaged");
    if (aside !== undefined)
      onNotice(
        `${path} is damaged or not of this version; it is kept as ${aside}, and what ` +
          "was seen of files begins anew",
      );
    return false;
  }

  async function load(): Promise<Observations> {
    const observations = new Observations();
    await takeIn(observations).catch((error: Error) => {
      onNotice(`what was seen of files earlier cannot be read: ${error.message}`);
    });
    return observations;
  }

  async function write(): Promise<void> {
    if (!loading) return;
    const observations = await loading;
    // Of two that write at once one may not have seen the other: both look again, and the later one
    // has all.
    const isJoined = await takeIn(observations);
    if (!observations.isNew(refreshMs) && !isJoined) return;
    if (makesFolder) await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const text = observations.give();
      await replaceFile(path, text);
      known = { identity: "", content: digest(text) };
    } catch (error) {
      observations.touch();
      throw error;
    }
  }

  return {
    load() {
      loading ??= load();
      return loading;
    },
    save() {
      saving = saving.then(write).then(
        () => {
          hasFailed = false;
        },
        (error: Error & { readonly code?: string }) => {
          const isNeedless = error.code === "ENOENT" && !makesFolder;
          if (!hasFailed && !isNeedless)
            onNotice(
              `what was seen of files cannot be kept: ${error.message}; name a folder for it with --state`,
            );
          hasFailed = true;
        },
      );
      return saving;
    },
  };
}

/** Another file, or another content, has another. */
async function identify(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
