// The collector file: takes fields from one file.
import type { OptionsOf } from "../specs/schema.ts";
import type { Collected } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { isOptional, makeSelector } from "./select.ts";

/** A file that is not there is no failure where all its fields are optional. */
export const fileCollector: Collector<OptionsOf["file"]> = {
  inputs: ({ path }) => ({ paths: [path], globs: [] }),
  isOfFilesAlone: true,

  async collect(options, host, signal): Promise<Collected> {
    const file = await host.files.read(options.path, signal);
    if ("bytes" in file)
      return makeSelector(options.fields)(
        { bytes: file.bytes, format: options.format, path: options.path },
        signal,
      );
    const mayBeAbsent = file.unreadable === "absent" && Object.values(options.fields).every(isOptional);
    return { fields: [], unread: mayBeAbsent ? [] : [{ what: options.path, reason: file.reason }] };
  },
};
