// Tests of a host's own key: enrolled for once, kept, and used without the enrolment key from then
// on.
import { readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readFingerprint } from "../collect/fingerprint.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { chooseKey } from "./host-key.ts";

const SIGNAL = new AbortController().signal;
const OWN = `rh_host-1_${"a".repeat(43)}`;

async function setUp() {
  let enrolments = 0;
  const answer = { status: 201, secret: OWN };
  const server = createServer((_request, response) => {
    enrolments++;
    response.statusCode = answer.status;
    response
      .setHeader("rollcall-api", "v1")
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ secret: answer.secret }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const folder = await makeFolder();
  const host = makeHostDouble(await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n" }));
  const start = ({ key, enrolKey }: { key?: string; enrolKey?: string } = {}) =>
    chooseKey({
      given: { readKey: async () => key, readEnrolKey: async () => enrolKey },
      target: { kind: "server", url },
      host,
      folder,
      onNotice: () => undefined,
      env: {},
      clock: Date.now,
      signal: SIGNAL,
    });
  return { start, answer, folder, enrolments: () => enrolments };
}

describe("a host's own key", () => {
  it("is kept, and needs no enrolment key after a restart", async () => {
    const { start, enrolments } = await setUp();
    const first = await start({ enrolKey: "rc_enrol" });
    expect(await first.describe()).toContain("the first report enrols");
    expect(await first.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    const second = await start();
    expect(await second.describe()).toContain("this host's own key");
    expect(await second.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    expect(enrolments()).toBe(1);
  });

  it("is asked for once where it cannot be kept, and kept as soon as it can be", async () => {
    const { start, folder, enrolments } = await setUp();
    // A file where the folder should be stands for a disk that is full or read-only, for root too.
    await rmdir(folder);
    await writeFile(folder, "");
    const key = await start({ enrolKey: "rc_enrol" });
    for (let request = 0; request < 3; request++)
      expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    await rm(folder);
    expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    expect(await readFile(join(folder, "key"), "utf8")).toBe(`${OWN}\n`);
    expect(enrolments()).toBe(1);
  });

  it("belongs to the machine, whoever of its users runs the agent", async () => {
    const root = await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n" });
    const none = await makeFolder({});
    const of = async (folder: string, fallbackId: string) =>
      (
        await readFingerprint(
          makeHostDouble(folder, { machine: { hostname: "h", uptime: () => 1, fallbackId } }),
          SIGNAL,
        )
      ).machine;
    expect(await of(root, "a")).toBe(await of(root, "b"));
    // Without a machine id there is nothing better.
    expect(await of(none, "a")).not.toBe(await of(none, "b"));
  });

  it("that is refused is kept and used again, and says what else can be done", async () => {
    const { start, enrolments } = await setUp();
    await (await start({ enrolKey: "rc_enrol" })).headersFor("host-1", SIGNAL);
    const key = await start();
    for (let turn = 0; turn < 3; turn++) {
      expect(key.refused()).toContain("--enrol-key-file");
      expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    }
    expect(enrolments()).toBe(1);
  });

  it("that is refused gives way to a new one only when there is one, and is set aside then", async () => {
    const { start, answer, folder } = await setUp();
    const key = await start({ enrolKey: "rc_enrol" });
    await key.headersFor("host-1", SIGNAL);
    answer.status = 401;
    key.refused();
    expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    expect(await readdir(folder)).toEqual(["key"]);
    const next = `rh_host-1_${"b".repeat(43)}`;
    Object.assign(answer, { status: 201, secret: next });
    key.refused();
    expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": next });
    expect(await readFile(join(folder, "key"), "utf8")).toBe(`${next}\n`);
    expect(await readFile(join(folder, "key.refused"), "utf8")).toBe(`${OWN}\n`);
  });

  it("of another host is never sent: the host enrols, or says that it cannot", async () => {
    const { start, answer, folder } = await setUp();
    await (await start({ enrolKey: "rc_enrol" })).headersFor("host-1", SIGNAL);
    await expect((await start()).headersFor("host-2", SIGNAL)).rejects.toThrow("--enrol-key-file");
    answer.secret = `rh_host-2_${"c".repeat(43)}`;
    const key = await start({ enrolKey: "rc_enrol" });
    expect(await key.headersFor("host-2", SIGNAL)).toMatchObject({ "x-api-key": answer.secret });
    expect(await readFile(join(folder, "key.other-machine"), "utf8")).toBe(`${OWN}\n`);
  });

  it("gives way to a key that is set", async () => {
    const { start } = await setUp();
    await (await start({ enrolKey: "rc_enrol" })).headersFor("host-1", SIGNAL);
    const key = await start({ key: "rc_given" });
    expect(await key.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": "rc_given" });
    expect(await key.describe()).toBe("an API key is set");
  });
});
