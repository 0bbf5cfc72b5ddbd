// The collector extra: facts that anyone on the host adds by putting a small file into a folder.
import { posix } from "node:path";
import { escapePath } from "tinyglobby";
import type { OptionsOf } from "../specs/schema.ts";
import { type Collected, toUnread, type Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { parseDotenv } from "./formats/dotenv.ts";
import { parseFormat } from "./formats.ts";
import { decodeText } from "./text.ts";
import { checkValue, type JsonValue } from "./value.ts";

/** Most files, and most bytes of each: they are facts, not data. */
const MAX_FACT_FILES = 100;
const MAX_FACT_BYTES = 64 * 1024;

/** What is read how, by the name's end. */
const FORMATS = { ".json": "json", ".env": "dotenv", ".conf": "dotenv" } as const;
const PATTERN = "*.{json,env,conf}";

/**
 * No folder, or an empty one, gives no field. A file that cannot be read costs its own facts only.
 */
export const extraCollector: Collector<OptionsOf["extra"]> = {
  inputs: ({ folder }) => ({ paths: [], globs: [toGlob(folder)] }),
  isOfFilesAlone: true,

  async collect({ folder, into }, host, signal): Promise<Collected> {
    const found = await host.files.glob([toGlob(folder)], signal);
    if ("unreadable" in found) return { fields: [], unread: [toUnread(folder, found)] };
    const facts = new Map<string, JsonValue>();
    const unread: Unread[] = [...found.unread];
    for (const path of found.paths.slice(0, MAX_FACT_FILES)) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const { name, ext } = posix.parse(path);
      const fault = findNameFault(name, facts);
      const outcome = fault ? { reason: fault } : readFacts(file.bytes, FORMATS[ext as keyof typeof FORMATS]);
      if ("value" in outcome) {
        facts.set(name, outcome.value);
        for (const reason of outcome.ambiguities ?? []) unread.push({ what: path, reason });
      } else unread.push({ what: path, reason: outcome.reason });
    }
    if (found.paths.length > MAX_FACT_FILES)
      unread.push({ what: folder, reason: `has more than ${MAX_FACT_FILES} files` });
    return { fields: facts.size > 0 ? [[into, Object.fromEntries(facts)]] : [], unread };
  },
};

function toGlob(folder: string): string {
  return posix.join(escapePath(folder), PATTERN);
}

function findNameFault(name: string, facts: ReadonlyMap<string, JsonValue>): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name))
    return "its name is none: letters, digits, -, _ and dots";
  return facts.has(name) ? `another file gives ${name} already` : undefined;
}

function readFacts(bytes: Buffer, format: "json" | "dotenv"): ReturnType<typeof checkValue> {
  if (bytes.length > MAX_FACT_BYTES)
    return { reason: `has ${bytes.length} bytes; the limit here is ${MAX_FACT_BYTES}` };
  const decoded = decodeText(bytes);
  if ("reason" in decoded) return decoded;
  const { text } = decoded;
  // The folder is Rollcall's own: no shell reads what stands there.
  const parsed =
    format === "dotenv" ? parseDotenv(text, ["systemd", "docker compose"]) : parseFormat(text, format);
  if ("fault" in parsed) return { reason: parsed.fault };
  // The format takes any text, and passes over what it does not know.
  const isNothing = format === "dotenv" && Object.keys(parsed.tree ?? {}).length === 0;
  if (isNothing && text.split("\n").some((line) => /^\s*[^\s#]/.test(line)))
    return { reason: "has no line that is key=value" };
  return checkValue(parsed.tree);
}
