// The collector os: which operating system, release and kernel the host runs.
import type { OptionsOf } from "../specs/schema.ts";
import type { Collected, Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { listAssignments } from "./formats/dotenv.ts";
import { AmbiguousValue } from "./formats/tree.ts";
import { decodeText } from "./text.ts";
import { checkValue, type JsonValue } from "./value.ts";

/** os-release(5): the first that is there counts. */
const RELEASE_FILES = ["/etc/os-release", "/usr/lib/os-release"];

/** proc(5). */
const KERNEL_FILE = "/proc/sys/kernel/osrelease";

export const osCollector: Collector<OptionsOf["os"]> = {
  inputs: () => ({ paths: RELEASE_FILES, globs: [] }),

  async collect({ into }, host, signal): Promise<Collected> {
    const unread: Unread[] = [];
    let release: ReadonlyMap<string, unknown> = new Map();
    for (const path of RELEASE_FILES) {
      const file = await host.files.read(path, signal);
      if ("bytes" in file) {
        const decoded = decodeText(file.bytes);
        if ("text" in decoded) release = readRelease(decoded.text);
        else unread.push({ what: path, reason: decoded.reason });
        break;
      }
      if (file.unreadable === "refused") unread.push({ what: path, reason: file.reason });
    }
    const kernel = await host.files.read(KERNEL_FILE, signal);
    if ("unreadable" in kernel && kernel.unreadable === "refused")
      unread.push({ what: KERNEL_FILE, reason: kernel.reason });
    const facts = Object.entries({
      id: release.get("ID"),
      version: release.get("VERSION_ID"),
      name: release.get("PRETTY_NAME"),
      kernel: "bytes" in kernel ? kernel.bytes.toString("utf8").trim() : undefined,
    }).flatMap(([name, text]): (readonly [string, JsonValue])[] => {
      if (text === undefined || text === "") return [];
      const checked = checkValue(text);
      if ("value" in checked) return [[name, checked.value]];
      unread.push({ what: `${into}.${name}`, reason: checked.reason });
      return [];
    });
    return { fields: facts.length > 0 ? [[into, Object.fromEntries(facts)]] : [], unread };
  },
};

/** os-release(5): what a shell makes of the file; of a name that stands there twice, the last. */
function readRelease(text: string): ReadonlyMap<string, unknown> {
  return new Map(
    listAssignments(text).map(({ name, values }) => [
      name,
      values.find(([reader]) => reader === "sh")?.[1] ??
        new AmbiguousValue("is no value that could be told without a shell"),
    ]),
  );
}
