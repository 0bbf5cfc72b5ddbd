// Tests of telling a shutdown from a stop, with programs that answer as systemctl does.
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../collect/temporary-folder.ts";
import { isShuttingDown } from "./shutdown.ts";

it.each([
  ["echo stopping; exit 1", true],
  ["echo running", false],
  ["echo degraded; exit 1", false],
  ["echo offline; exit 1", false],
  ["exit 1", false],
])("%s", async (script, expected) => {
  const folder = await makeFolder({ systemctl: `#!/bin/sh\n${script}\n` });
  expect(await isShuttingDown(join(folder, "systemctl"))).toBe(expected);
});

it("is false where there is no systemd", async () => {
  expect(await isShuttingDown("/nowhere/systemctl")).toBe(false);
});
