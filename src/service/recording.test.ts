// Tests of recording beside a server: at its times, without anybody asking, and never in the way.
import { EventEmitter, once } from "node:events";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { Recorder } from "../history/recorder.ts";
import { MINUTE, makeHistoryLab } from "../testing/history-lab.ts";
import { createTimeDouble } from "../testing/time-double.ts";
import { runRecording } from "./recording.ts";

function start(lab: ReturnType<typeof makeHistoryLab>) {
  const time = createTimeDouble();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const stop = new AbortController();
  const inner = lab.addRecorder();
  const looks = new EventEmitter();
  const recorder: Recorder = {
    record: (signal) => inner.record(signal).finally(() => looks.emit("end")),
  };
  const run = runRecording({ recorder, everyMs: MINUTE, log, sleep: time.sleep }, stop.signal);
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      const end = once(looks, "end");
      lab.advance(MINUTE);
      await time.advance(MINUTE);
      await end;
      // What comes of it is taken, and the next wait begins.
      await time.advance(0);
    }
  };
  const end = async () => {
    stop.abort();
    await run;
  };
  return { lines, pass, stop: end };
}

describe("recording", () => {
  it("records at its times", async () => {
    const lab = makeHistoryLab();
    await lab.putReport("i-1");
    const { pass, stop, lines } = start(lab);
    await pass(1);
    await lab.putReport("i-2");
    await pass(1);
    await stop();
    expect(await lab.listHistory()).toHaveLength(2);
    expect(lines).toEqual([]);
  });

  it("says once that a store may not be written, goes on, and says when it may", async () => {
    const lab = makeHistoryLab();
    await lab.putReport("i-1");
    const put = lab.store.put;
    let isReadOnly = true;
    lab.store.put = async (key, body, options) => {
      if (isReadOnly) throw new Error("[store] AccessDenied: this user may not write");
      return await put(key, body, options);
    };
    const { pass, stop, lines } = start(lab);
    await pass(4);
    expect(lines).toEqual([
      "history is not recorded: [store] AccessDenied: this user may not write; it is tried again each time",
    ]);
    expect((await lab.roll.view()).reports.rowOf).toHaveLength(1);
    isReadOnly = false;
    await pass(1);
    await stop();
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe("history is recorded again");
  });
});
