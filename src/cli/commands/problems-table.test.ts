// Tests of the table of `rollcall problems`.
import { expect, it } from "vitest";
import { makeIo, makeStore, putReport } from "../../testing/io-double.ts";
import { runCommand } from "../../testing/question-double.ts";

it("says whole what is wrong and where, on a terminal of 80 columns", async () => {
  const { store } = await makeStore();
  await putReport(store, "i-1", { instance_name: "prod_web_1" });
  const key = "reports/v1/111122223333/AROADEMOROLE:i-027eddfbf281a5a68.json";
  await store.put(key, Buffer.from('{"instance_id":"i-027eddfbf281a5a68","update_date":"2024'));
  const io = await makeIo({ isTerminal: true, columns: 80, env: { NO_COLOR: "1" } });
  await runCommand("problems", [], { store: store.location }, io);
  const lines = io.out().trimEnd().split("\n");
  expect(lines[0]?.split(/ {2,}/)).toEqual(["HOST", "REASON", "RECEIVED"]);
  expect(lines[1]).toMatch(/^i-027eddfbf281a5a68 +not_json +\d{4}-/);
  expect(lines.slice(2)).toEqual(["    byte 56: unexpected end inside a string", `    ${key}`]);
  expect(io.err()).toMatch(/^1 shown; 1 set aside in the whole store · as of /);
});
