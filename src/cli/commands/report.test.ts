// Tests of `rollcall report` over the folder of a host.
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createKey } from "../../access/keys.ts";
import { formatReportKey } from "../../report/key.ts";
import { makeIo, makeStore, NOW, startTestService } from "../../testing/io-double.ts";
import { runReport } from "./report.ts";

const ROOT = fileURLToPath(new URL("../../../test/fixture-host", import.meta.url));
const SPEC = fileURLToPath(new URL("../../../test/fixture-host.spec.yaml", import.meta.url));
const ID = "4c4c4544003510528031b4c04f4d3132";
const OPTIONS = { root: ROOT, spec: SPEC };

it("prints one line in a pipe, and an indented report on a terminal", async () => {
  const pipe = await makeIo();
  await runReport({ ...OPTIONS, print: true }, pipe);
  expect(pipe.out()).toMatch(/^\{"update_date":.*\}\n$/);
  const printed: unknown = JSON.parse(pipe.out());
  expect(printed).toMatchObject({ instance_id: ID, app_version: "1.2.3" });

  const terminal = await makeIo({ isTerminal: true, columns: 80 });
  await runReport({ ...OPTIONS, print: true }, terminal);
  expect(terminal.out()).toMatch(/^\{\n {2}"update_date": /);
  expect(JSON.parse(terminal.out())).toMatchObject({ instance_id: ID, app_version: "1.2.3" });
});

it("warns of what could not be read", async () => {
  const io = await makeIo();
  await runReport({ ...OPTIONS, print: true }, io);
  expect(io.err()).toMatch(/^warning: could not read .*broken/m);
  expect(
    io
      .err()
      .trimEnd()
      .split("\n")
      .every((line) => line.startsWith("warning: could not read ")),
  ).toBe(true);
});

it("makes no report of a root that is no folder", async () => {
  for (const root of [SPEC, `${ROOT}/nowhere`]) {
    const io = await makeIo();
    await expect(runReport({ ...OPTIONS, root, print: true }, io)).rejects.toThrow("is no folder");
  }
});

it("pushes to a folder store", async () => {
  const { store } = await makeStore();
  const io = await makeIo();
  await runReport({ ...OPTIONS, store: store.location }, io);
  const object = await store.get(formatReportKey(ID), { maxBytes: 1024 * 1024 });
  expect(JSON.parse(object?.body.toString("utf8") ?? "")).toMatchObject({ instance_id: ID });
  expect(io.out()).toBe("");
  expect(io.err()).toMatch(
    new RegExp(`^reported ${ID} \\(\\d+ fields, 3 processes, .*\\) to ${store.location}$`, "m"),
  );
});

it("pushes to a server", async () => {
  const { store } = await makeStore();
  const { secret } = await createKey(
    store,
    { name: "host", scopes: ["ingest"], host: ID },
    { clock: () => NOW },
  );
  // The server's own clock says when the report came, so it must accept whatever the host's says.
  const { url } = await startTestService(store.location);
  const io = await makeIo({ env: { ROLLCALL_KEY: secret, ROLLCALL_SERVER: url } });
  await runReport(OPTIONS, io);
  expect(io.err()).toContain(` to ${url}\n`);
  expect(io.err()).not.toContain("in the clear");
  expect(await store.get(formatReportKey(ID), { maxBytes: 1024 * 1024 })).toBeDefined();
});

it("shows a spec's mistakes with line and column", async () => {
  const io = await makeIo({ files: { "spec.yaml": "version: 1\ncolect: []\n" } });
  const failing = runReport({ root: ROOT, spec: "spec.yaml", print: true }, io);
  await expect(failing).rejects.toMatchObject({ code: "spec_mistakes" });
  await expect(failing).rejects.toThrow(/the spec has mistakes:\nspec\.yaml:2:1: .*collect/);
});

it("names a spec that is not there", async () => {
  const failing = makeIo().then((io) => runReport({ root: ROOT, spec: "nowhere.yaml", print: true }, io));
  await expect(failing).rejects.toMatchObject({ code: "spec_unreadable" });
  await expect(failing).rejects.toThrow("nowhere.yaml");
});

it("reads a spec from stdin", async () => {
  const io = await makeIo({ stdin: "version: 1\ncollect:\n  - host: {}\n" });
  await runReport({ root: ROOT, spec: "-", print: true }, io);
  expect(JSON.parse(io.out())).toMatchObject({ instance_id: ID });
});

it("tells a missing target before it looks at the host", async () => {
  const failing = makeIo().then((io) => runReport({ root: "/nonexistent" }, io));
  await expect(failing).rejects.toThrow("there is no store yet");
});

it("writes the old form to the top of a store, with the old fields alone, and to no server", async () => {
  const { store } = await makeStore();
  const io = await makeIo();
  await runReport({ ...OPTIONS, store: store.location, legacyKey: true }, io);
  const object = await store.get(`${ID}.json`, { maxBytes: 1024 * 1024 });
  const old = JSON.parse(object?.body.toString("utf8") ?? "") as Record<string, unknown>;
  expect(Object.keys(old).slice(0, 3)).toEqual(["update_date", "os_start_date", "instance_id"]);
  expect(old).toMatchObject({ instance_id: ID, app_version: "1.2.3" });
  expect(old).not.toHaveProperty("rollcall");
  expect(await store.get(formatReportKey(ID), { maxBytes: 1024 * 1024 })).toBeUndefined();
  expect(io.err()).toContain(`to the top of ${store.location}`);

  const pipe = await makeIo();
  await runReport({ ...OPTIONS, print: true, legacyKey: true }, pipe);
  expect(JSON.parse(pipe.out())).not.toHaveProperty("rollcall");

  const server = runReport({ ...OPTIONS, server: "http://127.0.0.1:4", legacyKey: true }, await makeIo());
  await expect(server).rejects.toThrow("--legacy-key writes to a store");
});
