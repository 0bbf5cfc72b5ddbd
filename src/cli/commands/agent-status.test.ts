// Tests of `rollcall agent status`: what is old is not told as if it were so now.
import { describe, expect, it } from "vitest";
import { openStatus } from "../../agent/status.ts";
import { makeIo } from "../../testing/io-double.ts";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { runAgentStatus } from "./agent-status.ts";

const MINUTE_MS = 60_000;

async function ask(lookedMsAgo: number, more: { readonly left_at?: string } = {}) {
  const folder = await makeFolder();
  const io = await makeIo({});
  const text = (agoMs: number) => new Date(io.clock() - agoMs).toISOString();
  await openStatus(folder).save({
    pid: process.pid,
    version: "0.1.0",
    target: "file:/store",
    spec: "sha256:0",
    started_at: text(60 * MINUTE_MS),
    looked_at: text(lookedMsAgo),
    ...more,
  });
  return runAgentStatus({ state: folder }, io);
}

describe("agent status", () => {
  it("is well where the agent looked a moment ago", async () => {
    await expect(ask(MINUTE_MS)).resolves.toBeUndefined();
  });

  it("says that it may be out of date where the agent runs and has written nothing for minutes", async () => {
    await expect(ask(7 * MINUTE_MS)).rejects.toThrow(/has written nothing down for 7 min.*full, read-only/);
  });

  it("expects nothing of an agent whose host has left", async () => {
    await expect(ask(7 * MINUTE_MS, { left_at: new Date(0).toISOString() })).resolves.toBeUndefined();
  });
});
