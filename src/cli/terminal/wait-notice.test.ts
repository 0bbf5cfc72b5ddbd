// Tests of what is said while a command waits.
import { expect, it } from "vitest";
import { createWaitNotice } from "./wait-notice.ts";

function make({ isDumb = false, columns }: { isDumb?: boolean; columns?: number } = {}) {
  let written = "";
  let tick: () => void = () => undefined;
  let isTicking = false;
  const notice = createWaitNotice({
    command: async (text) => {
      written += text;
    },
    columns: () => columns,
    isDumb,
    every: (_, callback) => {
      tick = callback;
      isTicking = true;
      return () => {
        isTicking = false;
      };
    },
  });
  let resolve: (text: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const work = new Promise<string>((...settle) => {
    [resolve, reject] = settle;
  });
  return {
    notice,
    outcome: notice.during("waiting for the server at https://rollcall.example.com", work),
    pass: (seconds: number) => {
      for (let second = 0; second < seconds; second++) tick();
    },
    work: { resolve, reject },
    isTicking: () => isTicking,
    written: () => written,
  };
}

it("says nothing of what takes less than 5 s", async () => {
  const { outcome, pass, work, written, isTicking } = make();
  pass(4);
  work.resolve("done");
  expect(await outcome).toBe("done");
  expect(written()).toBe("");
  expect(isTicking()).toBe(false);
});

it("says for what it waits and how long, and takes it away", async () => {
  const { outcome, pass, work, written, isTicking } = make();
  pass(6);
  expect(written()).toBe(
    "\r\u001b[Kwaiting for the server at https://rollcall.example.com (5 s)" +
      "\r\u001b[Kwaiting for the server at https://rollcall.example.com (6 s)",
  );
  work.reject(new Error("away"));
  await expect(outcome).rejects.toThrow("away");
  expect(written().endsWith("(6 s)\r\u001b[K")).toBe(true);
  expect(isTicking()).toBe(false);
});

it("takes it away before anything else is written", async () => {
  const { notice, pass, written } = make();
  pass(5);
  await notice.clear();
  await notice.clear();
  expect(written().split("\r\u001b[K")).toHaveLength(3);
});

it("says what is innermost, and nothing while somebody is asked", async () => {
  const { notice, pass, written } = make();
  let release: () => void = () => undefined;
  const inner = notice.during("reading", new Promise<void>((resolve) => (release = resolve)));
  pass(5);
  release();
  await inner;
  pass(1);
  expect(written().split("\r\u001b[K")).toEqual([
    "",
    "reading (5 s)",
    "waiting for the server at https://rollcall.example.com (6 s)",
  ]);
  let answer: () => void = () => undefined;
  const asked = notice.without(new Promise<void>((resolve) => (answer = resolve)));
  const before = written();
  pass(60);
  expect(written()).toBe(`${before}`);
  answer();
  await asked;
});

it("is no longer than a line, and a line of its own where no cursor moves", () => {
  const narrow = make({ columns: 20 });
  narrow.pass(5);
  expect(narrow.written()).toBe("\r\u001b[Kwaiting for the ser");
  const dumb = make({ isDumb: true });
  dumb.pass(30);
  expect(dumb.written()).toBe("waiting for the server at https://rollcall.example.com (5 s)\n");
});
