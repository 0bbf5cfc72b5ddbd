// The collector command: runs a program and takes fields from what it prints.
import type { OptionsOf } from "../specs/schema.ts";
import type { Collected } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { makeSelector } from "./select.ts";
import { stripEscapeSequences } from "./text.ts";

/**
 * A failed program leaves every field of the step unread, the optional ones too: whether they are
 * there is not known.
 */
export const commandCollector: Collector<OptionsOf["command"]> = {
  // An argument that is a path, or ends in one after an `=`, is most often a file that the program
  // reads.
  inputs: ({ run }) => ({
    paths: run
      .map((argument) => argument.replace(/^--?[\w.-]{1,64}=(?=\/)/, ""))
      .filter((argument) => argument.startsWith("/")),
    globs: [],
  }),
  isCostly: true,

  async collect(options, host, signal): Promise<Collected> {
    const outcome = await host.run({ argv: options.run, timeoutMs: options.timeout, signal });
    if ("failure" in outcome) {
      return { fields: [], unread: [{ what: options.run[0] ?? "", reason: outcome.failure }] };
    }
    // Many programs print their version to stderr (java -version is one).
    const bytes = outcome.stdout.length > 0 ? outcome.stdout : outcome.stderr;
    return makeSelector(options.fields)({ bytes: toPlain(bytes), format: options.format, path: "" }, signal);
  },
};

/** Colours and the like are for a terminal. UTF-16 is left for the selector to tell. */
function toPlain(bytes: Buffer): Buffer {
  const text = bytes.toString("utf8");
  const plain = stripEscapeSequences(text);
  return plain === text ? bytes : Buffer.from(plain);
}
