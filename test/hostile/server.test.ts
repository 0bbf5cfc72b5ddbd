// A server's bad days, on Node; and its clock's, which only Node's program lets be set from
// outside.
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeHome, startProgram, stop, waitForOutput } from "../program.ts";
import { describeServer } from "./server.ts";

describeServer("on Node");

/** Where Debian's package libfaketime has it. */
const FAKETIME = ["x86_64", "aarch64"].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`,
);

it("removes no report because its clock is two days ahead, and says why", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const folder = join(home, "store/reports/v1/local");
  await mkdir(folder, { recursive: true });
  for (const id of ["i-1", "i-2", "i-3"])
    await writeFile(
      join(folder, `${id}.json`),
      JSON.stringify({ update_date: new Date().toISOString(), instance_id: id }),
    );
  const library = FAKETIME.find((path) => existsSync(path));
  if (!library) throw new Error("there is no libfaketime: node scripts/install-test-tools.mjs");
  const child = startProgram(["serve", "--store", "file:store", "--listen", "127.0.0.1:0"], {
    home,
    env: { LD_PRELOAD: library, FAKETIME: "+2d" },
  });
  const [, hours] = await waitForOutput(
    child,
    /old reports are not swept: this machine's clock is (\d+) hours ahead/,
  );
  await stop(child, "SIGTERM");
  expect(hours).toBe("48");
  expect(await readdir(folder)).toHaveLength(3);
});
