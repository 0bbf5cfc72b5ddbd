// The collector os: which operating system, release and kernel the host runs.
import { parse as parseDotenv } from "dotenv";
import type { OptionsOf } from "../spec/schema.ts";
import type { Collected, Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { checkValue, type JsonValue } from "./value.ts";

/** os-release(5): the first that is there counts. */
const RELEASE_FILES = ["/etc/os-release", "/usr/lib/os-release"];

/** proc(5). */
const KERNEL_FILE = "/proc/sys/kernel/osrelease";

export const osCollector: Collector<OptionsOf["os"]> = {
  inputs: () => ({ paths: RELEASE_FILES, globs: [] }),

  async collect({ into }, host, signal): Promise<Collected> {
    const unread: Unread[] = [];
    let release: Readonly<Record<string, string>> = {};
    for (const path of RELEASE_FILES) {
      const file = await host.files.read(path, signal);
      if ("bytes" in file) {
        release = parseDotenv(file.bytes.toString("utf8"));
        break;
      }
      if (file.unreadable === "refused") unread.push({ what: path, reason: file.reason });
    }
    const kernel = await host.files.read(KERNEL_FILE, signal);
    if ("unreadable" in kernel && kernel.unreadable === "refused") unread.push({ what: KERNEL_FILE, reason: kernel.reason });
    const facts = Object.entries({
      id: release.ID,
      version: release.VERSION_ID,
      name: release.PRETTY_NAME,
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
