// What a program prints for a terminal is no value.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { commandCollector } from "./command.ts";

const options = {
  run: ["/app"],
  timeout: 20_000,
  format: "text" as const,
  fields: { version: { pattern: "^version (.*)$", optional: false } },
};

async function run(printed: string): Promise<unknown> {
  const root = await makeFolder({ app: `#!/bin/sh\nprintf '${printed}'\n` });
  await chmod(join(root, "app"), 0o755);
  return commandCollector.collect(options, makeHostDouble(root), new AbortController().signal);
}

it("takes colours, titles and links out before anything is looked for", async () => {
  const printed = "\\033]0;app\\007\\033[1mversion\\033[0m \\033[32m1.10\\033[0m\\r\\n\\033[2K";
  expect(await run(printed)).toEqual({ fields: [["version", "1.10"]], unread: [] });
});

it("refuses a value that a terminal would show otherwise", async () => {
  const unread = [{ what: "version", reason: "has a text with control characters" }];
  expect(await run("version 1.9\\b10\\n")).toEqual({ fields: [], unread });
  expect(await run("version 1.9\\rversion 2.0\\n")).toEqual({ fields: [], unread });
  // A step to the left, one to the right, a column, characters taken away.
  for (const move of ["D", "2C", "9G", "P"]) {
    expect(await run(`version 1.1x\\033[${move}0\\n`), move).toEqual({ fields: [], unread });
  }
});
