// Tests of agents that know of each other.
import { expect, it } from "vitest";
import { findAgents, registerAgent } from "./running-agents.ts";

const AGENT = { folder: `/state/${process.pid}`, location: "file:/store", id: `host-${process.pid}` };

it("is alone unless another reports the same host to the same place", async () => {
  const first = await registerAgent(AGENT, 1);
  const others = await Promise.all([
    registerAgent({ ...AGENT, location: "file:/other" }, 2),
    registerAgent({ ...AGENT, id: "another" }, 3),
  ]);
  expect(await first.end()).toBe(false);
  for (const other of others) await other.end();
});

it("hears of the other, which hears of none once the first has ended", async () => {
  const first = await registerAgent(AGENT, 1);
  const second = await registerAgent({ ...AGENT, folder: "/another" }, 2);
  expect(await findAgents(AGENT.folder)).toEqual([1]);
  expect(await first.end()).toBe(true);
  expect(await findAgents(AGENT.folder)).toEqual([]);
  expect(await second.end()).toBe(false);
});

it("lets the last of those that end at once hear that it is the last", async () => {
  const agents = await Promise.all(
    [1, 2, 3].map((pid) => registerAgent({ ...AGENT, folder: `/${pid}` }, pid)),
  );
  const answers = await Promise.all(agents.map((agent) => agent.end()));
  expect(answers).toContain(false);
});
