// The spool: the newest report that could not be sent yet, on disk, so that a restart does not lose
// it. It holds one report, for a newer one takes an older one's place in the store as well.
import { createHash } from "node:crypto";
import { mkdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { MAX_REPORT_BYTES } from "../report/limits.ts";
import { parseJson } from "../report/parse-json.ts";
import { replaceFile } from "../store/atomic-file.ts";
import { readStateFile } from "./state-file.ts";

/** A report that waits. */
export interface SpooledReport {
  readonly id: string;
  readonly bytes: Buffer;
  readonly digest: string;
  /** When it was made, ms since the epoch; undefined for one that was made just now. */
  readonly madeAt?: number;
  /** In which boot of which machine it was made; undefined where that is of no matter. */
  readonly madeOn?: string;
}

export interface Spool {
  /** @returns undefined if there is none, or none that is whole */
  load(): Promise<SpooledReport | undefined>;
  save(report: SpooledReport): Promise<void>;
  clear(): Promise<void>;
}

/** For an agent that lives as long as its store does. */
export const NO_SPOOL: Spool = {
  load: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  clear: () => Promise.resolve(),
};

const HEADER = z.strictObject({
  id: z.string(),
  digest: z.string(),
  made_at: z.number(),
  made_on: z.string().optional(),
  length: z.int().min(1).max(MAX_REPORT_BYTES),
  sha256: z.string(),
});

/** A line of JSON. */
const MAX_HEADER_BYTES = 4096;

/** Opens the spool in a folder, which is made if it is not there. */
export function openSpool(folder: string): Spool {
  const path = join(folder, "spool");
  return {
    async load() {
      const content = await readStateFile(path, MAX_HEADER_BYTES + MAX_REPORT_BYTES);
      return content && decode(content);
    },
    async save(report) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await replaceFile(path, encode(report));
    },
    async clear() {
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    },
  };
}

/** A line of JSON, and the bytes. */
function encode({ id, bytes, digest, madeAt, madeOn }: SpooledReport): Buffer {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const header = {
    id,
    digest,
    made_at: madeAt,
    ...(madeOn !== undefined && { made_on: madeOn }),
    length: bytes.length,
    sha256,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), bytes]);
}

function decode(content: Buffer): SpooledReport | undefined {
  const end = content.indexOf("\n");
  const parsed = HEADER.safeParse(parseJson(content.toString("utf8", 0, Math.max(0, end))));
  if (!parsed.success) return undefined;
  const { id, digest, made_at: madeAt, made_on: madeOn, length, sha256 } = parsed.data;
  const bytes = content.subarray(end + 1);
  const isWhole = bytes.length === length && createHash("sha256").update(bytes).digest("hex") === sha256;
  return isWhole ? { id, bytes, digest, madeAt, ...(madeOn !== undefined && { madeOn }) } : undefined;
}
