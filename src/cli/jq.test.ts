// Test of jq at its limit; alone in its file, since jq is of no use afterwards.
import { expect, it } from "vitest";
import { CommandError } from "./failure.ts";
import { runJq } from "./jq.ts";

it("says what to do where jq runs out of memory", async () => {
  expect(await runJq(Buffer.from("[1]"), "length")).toBe("1\n");
  const failing = runJq(Buffer.from("null"), ".[130000000] = 1 | length");
  await expect(failing).rejects.toThrow(CommandError);
  await expect(failing).rejects.toThrow(/^--jq: the built-in jq ran out of memory; .*pipe --ndjson into jq$/);
});
