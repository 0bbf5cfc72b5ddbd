// Tests of telling why the program ends, with programs that answer as systemctl does.
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeFolder } from "../testing/temporary-folder.ts";
import { findStopReason } from "./shutdown.ts";

const CGROUP = "0::/system.slice/rollcall-agent.service\n";
const jobs = (line: string) => `if [ "$1" = list-jobs ]; then echo "${line}"; else echo running; fi`;

it.each([
  ["echo stopping; exit 1", CGROUP, "shutdown"],
  ["echo running", CGROUP, "stopped"],
  ["echo degraded; exit 1", CGROUP, "stopped"],
  ["echo offline; exit 1", CGROUP, "stopped"],
  ["exit 1", CGROUP, "stopped"],
  [jobs("1243 rollcall-agent.service restart running"), CGROUP, "restart"],
  [
    jobs("1243 rollcall-agent.service restart waiting"),
    "1:name=systemd:/system.slice/rollcall-agent.service\n",
    "restart",
  ],
  [jobs("1243 rollcall-agent.service stop running"), CGROUP, "stopped"],
  [jobs("1243 other.service restart running"), CGROUP, "stopped"],
  [jobs("1243 rollcall-agent.service restart running"), "0::/user.slice/session-1.scope\n", "stopped"],
])("%s in %j: %s", async (script, cgroup, expected) => {
  const folder = await makeFolder({ systemctl: `#!/bin/sh\n${script}\n` });
  expect(await findStopReason(join(folder, "systemctl"), cgroup)).toBe(expected);
});

it("is a stop where there is no systemd", async () => {
  expect(await findStopReason("/nowhere/systemctl", CGROUP)).toBe("stopped");
});
