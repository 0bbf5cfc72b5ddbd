// Tests of a host's own key: enrolled for once, kept, and used without the enrolment key from then on.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { readFingerprint } from "../collect/fingerprint.ts";
import { makeHostDouble } from "../collect/host-double.ts";
import { makeFolder } from "../collect/temporary-folder.ts";
import { chooseKey } from "./host-key.ts";
import { makeIo } from "./io-double.ts";
import { readSettings } from "./settings.ts";

const SIGNAL = new AbortController().signal;
const OWN = `rh_host-1_${"a".repeat(43)}`;

async function setUp() {
  let enrolments = 0;
  const server = createServer((_request, response) => {
    enrolments++;
    response
      .setHeader("rollcall-api", "v1")
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ secret: OWN }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const folder = await makeFolder();
  const host = makeHostDouble(await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n" }));
  const start = async (env: Record<string, string>) => {
    const io = await makeIo({ env });
    const settings = await readSettings({}, io);
    return chooseKey({ settings, target: { kind: "server", url }, host, folder, onNotice: () => undefined }, io);
  };
  return { start, enrolments: () => enrolments };
}

describe("a host's own key", () => {
  it("is kept, and needs no enrolment key after a restart", async () => {
    const { start, enrolments } = await setUp();
    const first = await start({ ROLLCALL_ENROL_KEY: "rc_enrol" });
    expect(await first.describe()).toContain("the first report enrols");
    expect(await first.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    const second = await start({});
    expect(await second.describe()).toContain("this host's own key");
    expect(await second.headersFor("host-1", SIGNAL)).toMatchObject({ "x-api-key": OWN });
    expect(enrolments()).toBe(1);
  });

  it("belongs to the machine, whoever of its users runs the agent", async () => {
    const root = await makeFolder({ "etc/machine-id": "4c4c4544003510528031b4c04f4d3132\n" });
    const none = await makeFolder({});
    const of = async (folder: string, fallbackId: string) =>
      (await readFingerprint(makeHostDouble(folder, { machine: { hostname: "h", uptime: () => 1, fallbackId } }), SIGNAL))
        .machine;
    expect(await of(root, "a")).toBe(await of(root, "b"));
    // Without a machine id there is nothing better.
    expect(await of(none, "a")).not.toBe(await of(none, "b"));
  });

  it("that is refused says what it takes to enrol again", async () => {
    const { start, enrolments } = await setUp();
    await (await start({ ROLLCALL_ENROL_KEY: "rc_enrol" })).headersFor("host-1", SIGNAL);
    const key = await start({});
    await key.refused();
    await expect(key.headersFor("host-1", SIGNAL)).rejects.toThrow("--enrol-key-file");
    expect(enrolments()).toBe(1);
  });

  it("gives way to a key that is set", async () => {
    const { start } = await setUp();
    await (await start({ ROLLCALL_ENROL_KEY: "rc_enrol" })).headersFor("host-1", SIGNAL);
    const key = await start({ ROLLCALL_KEY: "rc_given" });
    expect(await key.headersFor("host-1", SIGNAL)).toEqual({ "x-api-key": "rc_given" });
    expect(await key.describe()).toBe("an API key is set");
  });
});
