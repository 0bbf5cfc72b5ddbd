// The collector gpu: NVIDIA GPUs and their driver, from the files that the driver keeps in /proc;
// no program is run.
// https://download.nvidia.com/XFree86/Linux-x86_64/550.54.14/README/procinterface.html
import type { OptionsOf } from "../specs/schema.ts";
import { type Collected, toUnread, type Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { checkValue, type JsonValue } from "./value.ts";

const VERSION_FILE = "/proc/driver/nvidia/version";
const GPUS_GLOB = "/proc/driver/nvidia/gpus/*/information";

/** A host without the driver has an empty array: that it has no GPU in use is a fact as well. */
export const gpuCollector: Collector<OptionsOf["gpu"]> = {
  inputs: () => ({ paths: [VERSION_FILE], globs: [GPUS_GLOB] }),
  isCostly: true,

  async collect({ into }, host, signal): Promise<Collected> {
    const found = await host.files.glob([GPUS_GLOB], signal);
    if ("unreadable" in found) return { fields: [], unread: [toUnread(GPUS_GLOB, found)] };
    const version = await host.files.read(VERSION_FILE, signal);
    const driver = "bytes" in version ? parseDriver(version.bytes.toString("utf8")) : undefined;
    const unread: Unread[] = [...found.unread];
    if (found.paths.length > 0 && driver === undefined) {
      unread.push({ what: VERSION_FILE, reason: "reason" in version ? version.reason : "names no version" });
    }
    const gpus: JsonValue[] = [];
    for (const path of found.paths) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const {
        Model: model,
        "GPU UUID": uuid,
        "Bus Location": bus,
      } = parseInformation(file.bytes.toString("utf8"));
      const gpu = checkValue({
        ...(model && { model }),
        ...(driver && { driver }),
        ...(uuid && { uuid }),
        ...(bus && { bus }),
      });
      if ("value" in gpu) gpus.push(gpu.value);
      else unread.push({ what: path, reason: gpu.reason });
    }
    return { fields: [[into, gpus]], unread };
  },
};

/**
 * `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …`; the open kernel module
 * says so in between.
 */
export function parseDriver(text: string): string | undefined {
  return /^NVRM version:.*?\s(\d+(?:\.\d+){1,3})\s/m.exec(text)?.[1];
}

/** Lines of `Model:   Tesla T4`. */
export function parseInformation(text: string): Readonly<Record<string, string>> {
  const lines = text.split("\n").map((line) => /^([A-Za-z ]+):[ \t]*(.*?)[ \t]*$/.exec(line));
  return Object.fromEntries(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[1], match[2]]] : [])));
}
