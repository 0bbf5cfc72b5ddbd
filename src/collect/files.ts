// The collector files: makes an array with one object for each file that a glob finds.
import type { OptionsOf } from "../specs/schema.ts";
import { type Collected, toUnread, type Unread } from "./collected.ts";
import type { Collector } from "./collector.ts";
import type { NamedCredential } from "./named-credentials.ts";
import { makeSelector } from "./select.ts";
import type { JsonValue } from "./value.ts";

/**
 * No file is an empty array. A file that cannot be read, or gives no field at all, has no object in
 * it.
 */
export const filesCollector: Collector<OptionsOf["files"]> = {
  inputs: ({ glob }) => ({ paths: [], globs: glob }),
  isOfFilesAlone: true,

  async collect(options, host, signal): Promise<Collected> {
    const found = await host.files.glob(options.glob, signal);
    if ("unreadable" in found) return { fields: [], unread: [toUnread(options.glob.join(", "), found)] };
    const select = makeSelector(options.fields);
    const entries: JsonValue[] = [];
    const unread: Unread[] = [...found.unread];
    const named: NamedCredential[] = [];
    // Nothing found where not all may be looked at is not the same as nothing there.
    if (found.paths.length === 0 && unread.length > 0) return { fields: [], unread };
    for (const path of found.paths) {
      const file = await host.files.read(path, signal);
      if ("unreadable" in file) {
        unread.push({ what: path, reason: file.reason });
        continue;
      }
      const selection = await select({ bytes: file.bytes, format: options.format, path }, signal);
      for (const { at, judgement } of selection.named ?? [])
        named.push({ at: [options.into, entries.length, ...at], judgement });
      if (selection.fields.length > 0) entries.push(Object.fromEntries(selection.fields));
      for (const { what, reason } of selection.unread) unread.push({ what: `${what} of ${path}`, reason });
    }
    return { fields: [[options.into, entries]], unread, named };
  },
};
