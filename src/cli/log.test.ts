// Tests of the log.
import { expect, it } from "vitest";
import { UsageError } from "./failure.ts";
import { createLog, openLog } from "./log.ts";

it("tells in its own form how many lines were lost", () => {
  const lines: string[] = [];
  let isFull = false;
  const log = createLog("info", (text, done) => {
    if (isFull) return done(Object.assign(new Error("full"), { code: "ENOSPC" }));
    lines.push(...text.split("\n").slice(0, -1));
    done();
  });
  log.info("before");
  isFull = true;
  log.info("lost");
  log.error({ err: new Error("lost too") }, "lost");
  isFull = false;
  log.debug("not asked for");
  log.info("after");
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.map(({ msg }) => msg)).toEqual(["before", "2 log lines could not be written", "after"]);
  expect(told[1]).toMatchObject({ level: 40, dropped: 2, reason: "ENOSPC" });
});

it("knows its levels", async () => {
  await expect(openLog("loud", false)).rejects.toThrow(UsageError);
});
