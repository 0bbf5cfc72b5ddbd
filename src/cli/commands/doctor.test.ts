// Tests of rollcall doctor: what is right is said, and of what is wrong what to do.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeIo } from "../../testing/io-double.ts";
import { startMetadataServer } from "../../testing/metadata-server.ts";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { type DoctorOptions, runDoctor } from "./doctor.ts";

interface Finding {
  readonly check: string;
  readonly outcome: string;
  readonly detail: string;
  readonly hop?: string;
  readonly fix?: string;
}

async function examine(options: Partial<DoctorOptions>, env: Record<string, string> = {}) {
  const root = await makeFolder({
    "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n",
    "etc/hostname": "host-1\n",
  });
  const io = await makeIo({ env });
  const error: unknown = await runDoctor({ send: true, root, ...options }, io).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const findings = JSON.parse(io.out()) as Finding[];
  return { error, findings, of: (check: string) => findings.filter((finding) => finding.check === check) };
}

describe("rollcall doctor", () => {
  it("finds a folder and a spec in order, and proves the right to write", async () => {
    const folder = await makeFolder();
    const { error, of, findings } = await examine({
      store: `file:${folder}/store`,
      state: `${folder}/state`,
    });
    expect(error).toBeUndefined();
    expect(findings.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(of("report")).toMatchObject([
      { outcome: "ok", detail: expect.stringContaining("4c4c4544003510528031b4c04f4d3132") },
    ]);
    expect(of("send")).toMatchObject([{ outcome: "ok" }]);
    expect(of("metadata service")).toMatchObject([{ outcome: "skipped" }]);
  });

  it("looks at the stores that are read beside, and leaves them as they are", async () => {
    const folder = await makeFolder({
      "old/i-0a1.json": "{}",
      "new/reports/v1/local/a.json": "{}",
      "bare/note": "",
    });
    const flags = { store: `file:${folder}/store`, state: `${folder}/state` };
    const beside = ["old", "new", "bare", "none"].map((name) => `file:${folder}/${name}`);
    const { of } = await examine({ ...flags, alsoRead: beside.join() });
    expect(of("also read")).toMatchObject([
      { outcome: "ok", detail: `file:${folder}/old can be listed and read` },
      { outcome: "ok", detail: `file:${folder}/new can be listed and read` },
      { outcome: "ok", detail: expect.stringContaining("reading was not tried") },
      { outcome: "failed", detail: expect.stringContaining("there is no folder") },
    ]);
    expect(await readdir(join(folder, "old"))).toEqual(["i-0a1.json"]);
  });

  it("sends nothing if it is told not to", async () => {
    const folder = await makeFolder();
    const { of } = await examine({ store: `file:${folder}/store`, state: `${folder}/state`, send: false });
    expect(of("send")).toMatchObject([{ outcome: "skipped" }]);
  });

  it("says what to do about each thing that is wrong, and goes on", async () => {
    const folder = await makeFolder({ "spec.yaml": "version: 2\n", state: "a file" });
    const { error, of } = await examine({
      server: "http://127.0.0.1:4",
      spec: join(folder, "spec.yaml"),
      state: join(folder, "state"),
    });
    expect(error).toMatchObject({ message: expect.stringMatching(/^4 of \d+ checks failed$/) });
    expect(of("spec")).toMatchObject([
      { outcome: "failed", fix: expect.stringContaining("rollcall spec check") },
    ]);
    expect(of("agent")).toMatchObject([{ outcome: "failed", fix: expect.stringContaining("--state") }]);
    for (const check of ["network", "clock"])
      expect(of(check)).toMatchObject([
        { outcome: "failed", hop: "tcp", detail: expect.stringContaining("ECONNREFUSED") },
      ]);
  });

  it("says that a server wants a key, before anything is sent", async () => {
    const folder = await makeFolder();
    const options = { server: "http://127.0.0.1:4", state: join(folder, "state"), send: false };
    const { of } = await examine(options);
    expect(of("credentials")).toMatchObject([
      { outcome: "failed", fix: expect.stringContaining("--enrol-key-file") },
    ]);
    const set = await examine(options, { ROLLCALL_KEY: "rc_key" });
    expect(set.of("credentials")).toMatchObject([{ outcome: "ok" }]);
  });

  it("lists what the spec names and cannot be read", async () => {
    const folder = await makeFolder({
      "spec.yaml":
        "version: 1\ncollect:\n  - host:\n  - file: { path: /nowhere, fields: { x: { pattern: . } } }\n",
    });
    const { error, of } = await examine({
      store: `file:${folder}/store`,
      spec: join(folder, "spec.yaml"),
      state: `${folder}/state`,
    });
    expect(error).toBeUndefined();
    expect(of("report")).toMatchObject([
      { outcome: "ok" },
      { outcome: "warning", detail: "/nowhere: there is no such file" },
    ]);
  });

  it("says that processes are hidden, and how to grant a look at them", async () => {
    const folder = await makeFolder();
    const status = "Gid:\t65534\t65534\t65534\t65534\nGroups:\t\nCapEff:\t0000000000000000\nNSpid:\t7\n";
    const root = await makeFolder({
      "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n",
      "proc/7/stat": "7 (x) S",
      "proc/self/status": status,
    });
    const mount = `22 27 0:21 / ${root}/proc rw - proc proc rw,gid=33,hidepid=invisible\n`;
    await writeFile(join(root, "proc/self/mountinfo"), mount);
    const options = { root, store: `file:${folder}/store`, state: `${folder}/state` };
    expect((await examine(options)).of("processes")).toMatchObject([
      {
        outcome: "warning",
        detail: expect.stringMatching(/hidepid=invisible.*the group 33/),
        fix: expect.stringContaining("AmbientCapabilities=CAP_SYS_PTRACE"),
      },
    ]);
    await writeFile(join(root, "proc/self/status"), status.replace("Groups:\t", "Groups:\t33 "));
    await mkdir(join(root, "proc/1"));
    await writeFile(join(root, "proc/1/stat"), "1 (init) S");
    expect((await examine(options)).of("processes")).toMatchObject([
      { outcome: "ok", detail: expect.stringContaining("all are seen") },
    ]);
  });

  it("looks at EC2's metadata service, and says which part of it is missing", async () => {
    const folder = await makeFolder();
    const options = { store: `file:${folder}/store`, state: `${folder}/state` };
    const good = await startMetadataServer();
    onTestFinished(() => good.close());
    const there = await examine(options, { AWS_EC2_METADATA_SERVICE_ENDPOINT: good.source.endpoint });
    expect(there.of("metadata service")).toMatchObject([
      { outcome: "ok", detail: expect.stringContaining("123456789012") },
    ]);
    const away = await examine(options, { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:4" });
    expect(away.of("metadata service")).toMatchObject([
      { outcome: "failed", fix: expect.stringContaining("hop limit") },
    ]);
  });

  it("says that the store cannot be written", async () => {
    const folder = await makeFolder();
    await mkdir(join(folder, "store"));
    await writeFile(join(folder, "store/reports"), "no folder");
    const { of } = await examine({ store: `file:${folder}/store`, state: `${folder}/state` });
    expect(of("send")).toMatchObject([
      { outcome: "failed", fix: expect.stringContaining("give the folder to the agent's user") },
    ]);
  });
});
