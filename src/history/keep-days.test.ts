// That recorders close days by themselves, and that no failure of it is one of recording.
import { expect, test } from "vitest";
import { MINUTE, makeHistoryLab } from "../testing/history-lab.ts";
import { keepDays } from "./keep-days.ts";

const HOUR = 60 * MINUTE;
const describeHost = () => ({ instanceName: null, labels: {} });

test("a recorder closes each day once it is over, and removes entries of those before", async () => {
  const lab = makeHistoryLab();
  const notices: string[] = [];
  const recorder = keepDays(lab.addRecorder({ everyMs: 6 * HOUR }), {
    store: lab.store,
    describeHost,
    onNotice: (notice) => notices.push(notice),
  });
  for (let step = 0; step < 24; step++) {
    await lab.putReport("i-1", { app_version: String(step) });
    await recorder.record();
    lab.advance(6 * HOUR);
  }
  const keys = await lab.listHistory();
  const below = (folder: string) => keys.filter((key) => key.startsWith(`history/v1/${folder}/`));
  expect([below("changes"), below("rolls"), below("receipts")].map(({ length }) => length)).toEqual([
    6, 6, 6,
  ]);
  expect(below("log").length).toBeLessThanOrEqual(12);
  expect(notices).toEqual([]);
});

test("where days cannot be closed it is said, recording goes on, and it is tried again later", async () => {
  const lab = makeHistoryLab();
  const notices: string[] = [];
  const put = lab.store.put;
  let isFailing = true;
  lab.store.put = async (key, body, options) => {
    if (isFailing && key.includes("/rolls/")) throw new Error("no room");
    return await put(key, body, options);
  };
  const recorder = keepDays(lab.addRecorder({ everyMs: MINUTE }), {
    store: lab.store,
    describeHost,
    onNotice: (notice) => notices.push(notice),
  });
  const look = async () => {
    lab.advance(5 * MINUTE);
    await lab.putReport("i-1", { app_version: String(lab.clock()) });
    return (await recorder.record()).kind;
  };
  await look();
  lab.advance(24 * HOUR);
  const kinds = [await look(), await look(), await look()];
  expect(notices).toEqual(["days of history could not be closed; the next try is in 15 minutes"]);
  isFailing = false;
  kinds.push(await look(), await look());
  expect(new Set(kinds)).toEqual(new Set(["recorded"]));
  expect((await lab.listHistory()).filter((key) => key.endsWith(".day"))).toHaveLength(1);
});
