// Tests of jq at its limits: it can be ended wherever it is, its memory is bounded, and it writes
// as it goes.
import { expect, it } from "vitest";
import { CommandError } from "./failure.ts";
import { runJq } from "./jq.ts";

const MEBIBYTE = 1024 * 1024;

async function run(
  json: string,
  program: string,
  { maxMemoryBytes = 64 * MEBIBYTE, stop = new AbortController() } = {},
) {
  let out = "";
  const write = async (bytes: Uint8Array) => {
    out += Buffer.from(bytes).toString();
    if (out.length > MEBIBYTE) stop.abort();
  };
  const said = await runJq(Buffer.from(json), program, { write, signal: stop.signal, maxMemoryBytes });
  return { out, said };
}

it.each([".[130000000] = 1 | length", "[range(1e12)]", "[limit(1e12; repeat(1))]", "def f: 1 + f; f"])(
  "says what to do where %s takes more memory than it may",
  async (program) => {
    expect(await run("[1]", "length")).toEqual({ out: "1\n", said: "" });
    const failing = run("null", program);
    await expect(failing).rejects.toThrow(CommandError);
    await expect(failing).rejects.toThrow(
      /^--jq: the built-in jq ran out of memory; .*pipe --ndjson into jq$/,
    );
  },
);

it.each(["def f: f; f", "last(range(1e12))", "until(false; .)"])(
  "ends %s when it is told to",
  async (program) => {
    const stop = new AbortController();
    const running = run("null", `"begun", (${program})`, { stop });
    setImmediate(() => stop.abort(new Error("enough")));
    await expect(running).rejects.toThrow("enough");
  },
);

it("writes as it goes", async () => {
  await expect(run("null", "range(1e12)")).rejects.toThrow("aborted");
});

it("waits for whoever reads", async () => {
  let taken = 0;
  const slow = new AbortController();
  const running = runJq(Buffer.from("null"), "range(1e12)", {
    signal: slow.signal,
    // A reader that has taken the first piece and stands still.
    write: (bytes) => {
      taken += bytes.length;
      return new Promise(() => setTimeout(() => slow.abort(new Error("read enough")), 500));
    },
  });
  await expect(running).rejects.toThrow("read enough");
  expect(taken).toBeLessThan(MEBIBYTE);
});

it("gives what jq itself says on stderr", async () => {
  expect(await run("[1]", ".[0] | debug")).toEqual({ out: "1\n", said: '["DEBUG:",1]\n' });
});

it.each([
  [".[", /^--jq: error: syntax error, unexpected end of file/],
  ['error("no")', /^--jq: error \(at [^)]*\): no$/],
])("tells in one line why jq failed at %s", async (program, message) => {
  const failing = run("[1]", program);
  await expect(failing).rejects.toThrow(message);
  await expect(failing).rejects.not.toThrow(/\n|exit code|compile error|jq: .*jq: /);
});
