// The collectors, by name. This is the one place that names them all.
import type { Collectors } from "./collector.ts";
import { commandCollector } from "./command.ts";
import { extraCollector } from "./extra.ts";
import { fileCollector } from "./file.ts";
import { filesCollector } from "./files.ts";
import { gpuCollector } from "./gpu.ts";
import { hostCollector } from "./host.ts";
import { osCollector } from "./os.ts";
import { processesCollector } from "./processes.ts";

export const collectors: Collectors = {
  host: hostCollector,
  command: commandCollector,
  file: fileCollector,
  files: filesCollector,
  processes: processesCollector,
  extra: extraCollector,
  os: osCollector,
  gpu: gpuCollector,
};
