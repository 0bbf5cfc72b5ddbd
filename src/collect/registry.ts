// The collectors, by name. This is the one place that names them all.
import type { Collectors } from "./collector.ts";
import { commandCollector } from "./command.ts";
import { fileCollector } from "./file.ts";
import { filesCollector } from "./files.ts";
import { hostCollector } from "./host.ts";

export const collectors: Collectors = {
  host: hostCollector,
  command: commandCollector,
  file: fileCollector,
  files: filesCollector,
};
