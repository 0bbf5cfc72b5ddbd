// Tests of the log.
import { expect, it } from "vitest";
import { StoreError } from "../../store/store.ts";
import { UsageError } from "./failure.ts";
import { createLog, openLog, openPretty } from "./log.ts";

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

it("hands a terminal no commands of others, and a stack in its lines", async () => {
  let text = "";
  const show = await openPretty();
  const log = createLog(
    "info",
    (line, done) => {
      text += line;
      done();
    },
    show,
  );
  const attack = "\u001b]52;c;x\u0007\u009b2J\u202e\nrollcall: forged";
  log.info({ host: attack, list: [attack], deep: { [attack]: attack } }, attack);
  const err = new Error(attack);
  err.stack = `Error: \u001b[2J\n    at somewhere`;
  log.error({ err }, "failed");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text.replace(/\u001b\[\d*m/g, "")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).not.toContain("\nrollcall: forged");
  expect(text).toContain("\\u001b]52;c;x");
  expect(text).toMatch(/\\u001b\[2J\n +at somewhere/);
});

it("has a stack for what nobody foresaw alone", () => {
  const lines: string[] = [];
  const log = createLog("info", (text, done) => {
    lines.push(text);
    done();
  });
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    syscall: "write",
  });
  for (const err of [
    full,
    new StoreError("[store] [file] the disk is full", { cause: full }),
    new TypeError("x"),
  ])
    log.error({ err }, "failed");
  const errors = lines.map((line) => (JSON.parse(line) as { err: object }).err);
  expect(errors).toEqual([
    { type: "Error", message: full.message },
    { type: "StoreError", message: "[store] [file] the disk is full" },
    expect.objectContaining({ type: "TypeError", stack: expect.stringContaining("at ") }),
  ]);
});
