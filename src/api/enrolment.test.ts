// Tests of enrolment through the API: one machine, one id; a copy is refused and shown.
import { describe, expect, it } from "vitest";
import { formatUpdateDate } from "../report/update-date.ts";
import { fingerprint, MACHINE, setUpEnrolment as setUp } from "../testing/enrolment-service.ts";

describe("an enrolled host", () => {
  it("writes its own id, and nothing else", async () => {
    const { ask, enrolled, put } = await setUp();
    const secret = await enrolled("host-1");
    expect((await put("host-1", secret)).status).toBe(200);
    expect((await put("host-2", secret)).status).toBe(403);
    expect((await ask("GET", "/v1/reports", secret)).status).toBe(403);
    expect((await ask("DELETE", "/v1/reports/host-2", secret)).status).toBe(403);
    expect((await ask("GET", "/v1/keys", secret)).status).toBe(403);
  });

  it("is refused with a wrong, cut or revoked key", async () => {
    const { ask, keys, enrolled, put } = await setUp();
    const secret = await enrolled("host-1");
    for (const wrong of [
      `${secret.slice(0, -1)}_`,
      secret.slice(0, -1),
      secret.replace("host-1", "host-2"),
      "rh_../../x_y",
    ])
      expect((await put("host-1", wrong)).status).toBe(401);
    expect((await ask("DELETE", "/v1/keys/host-1", keys.admin)).status).toBe(204);
    expect((await put("host-1", secret)).status).toBe(401);
    expect((await ask("DELETE", "/v1/keys/host-1", keys.admin)).status).toBe(404);
  });

  it("may boot again, and enrol again: agents with other state folders have keys of their own", async () => {
    const { enrolled, put } = await setUp();
    const first = await enrolled("host-1");
    for (const digit of ["2", "3", "4"])
      expect((await put("host-1", first, { ...MACHINE, boot: fingerprint(digit) })).status).toBe(200);
    const second = await enrolled("host-1", { ...MACHINE, boot: fingerprint("4") });
    for (const secret of [first, second])
      expect((await put("host-1", secret, { ...MACHINE, boot: fingerprint("4") })).status).toBe(200);
    // The oldest ends.
    for (let more = 0; more < 3; more++) await enrolled("host-1", { ...MACHINE, boot: fingerprint("4") });
    expect((await put("host-1", first, { ...MACHINE, boot: fingerprint("4") })).status).toBe(401);
    expect((await put("host-1", second, { ...MACHINE, boot: fingerprint("4") })).status).toBe(200);
  });

  it("is no clone of itself: requests at once after a reboot, and agents that enrol at once", async () => {
    const { enrolled, put, problems } = await setUp();
    const secrets = await Promise.all([1, 2, 3].map(() => enrolled("host-1")));
    const boot = fingerprint("2");
    const puts = await Promise.all(
      secrets.flatMap((secret) => [1, 2].map(() => put("host-1", secret, { ...MACHINE, boot }))),
    );
    expect(puts.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(await problems()).toEqual([]);
  });

  it(
    "is no clone of itself where a unit and a shell see other boots, and is one where " +
      "another kernel or name is behind it",
    async () => {
      const { enrolled, put, problems } = await setUp();
      const secret = await enrolled("host-1");
      const view = { "rollcall-name": fingerprint("e"), "rollcall-started": "1700000000" };
      const unit = { ...MACHINE, boot: fingerprint("2") };
      const shell = { ...MACHINE, boot: fingerprint("3") };
      for (const one of [unit, shell, unit, shell, unit])
        expect((await put("host-1", secret, one, view)).status).toBe(200);
      expect((await put("host-1", secret, unit, { ...view, "rollcall-started": "1700000001" })).status).toBe(
        200,
      );
      expect(await problems()).toEqual([]);
      const later = { ...view, "rollcall-started": "1700000100" };
      expect((await put("host-1", secret, shell, later)).status).toBe(200);
      expect(await problems()).toEqual([]);
      expect((await put("host-1", secret, unit, { ...view, "rollcall-started": "1700000000" })).status).toBe(
        200,
      );
      expect(await problems()).toMatchObject([{ reason: "clone" }]);
    },
  );
});

describe("a clone", () => {
  it(
    "on another machine is refused, with the key of the first and with an enrolment of " +
      "its own; and is shown",
    async () => {
      const { enrol, enrolled, put, problems, ask, keys } = await setUp();
      const secret = await enrolled("host-1");
      await put("host-1", secret);
      expect(await problems()).toEqual([]);
      const clone = { machine: fingerprint("b"), boot: fingerprint("9") };
      expect(await put("host-1", secret, clone)).toMatchObject({
        status: 409,
        json: { type: "urn:rollcall:error:clone" },
      });
      expect((await enrol({ id: "host-1", ...clone })).status).toBe(409);
      expect(await problems()).toMatchObject([{ key: "reports/v1/local/host-1.json", reason: "clone" }]);
      expect((await put("host-1", secret)).status).toBe(200);
      expect((await ask("GET", "/v1/reports", keys.read)).json).toHaveLength(1);
    },
  );

  it("that came first gives way to the machine that an operator names, however quick it is", async () => {
    const { ask, keys, enrol, enrolled, put, problems } = await setUp();
    const squatter = { machine: fingerprint("b"), boot: fingerprint("9") };
    const stolen = await enrolled("host-1", squatter);
    expect((await enrol({ id: "host-1", ...MACHINE })).status).toBe(409);
    const [shown] = await problems();
    const [, machine = ""] =
      /rollcall keys revoke host-1 --machine ([0-9a-f]{16})$/.exec(String(shown?.detail)) ?? [];
    expect(machine).toBe("a".repeat(16));
    expect((await ask("DELETE", "/v1/keys/host-1?machine=web", keys.admin)).status).toBe(400);
    expect((await ask("DELETE", `/v1/keys/host-2?machine=${machine}`, keys.admin)).status).toBe(404);
    expect((await ask("DELETE", `/v1/keys/host-1?machine=${machine}`, keys.admin)).status).toBe(204);
    expect((await put("host-1", stolen, squatter)).status).toBe(401);
    expect(await enrol({ id: "host-1", ...squatter })).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining("an operator keeps this id for another machine") },
    });
    const secret = await enrolled("host-1");
    expect((await put("host-1", secret)).status).toBe(200);
    expect((await enrol({ id: "host-1", ...squatter })).status).toBe(409);
  });

  it("cannot go without saying which machine it is", async () => {
    const { enrolled, put } = await setUp();
    const secret = await enrolled("host-1");
    expect((await put("host-1", secret, {})).status).toBe(403);
    expect((await put("host-1", secret, { machine: "x", boot: "y" })).status).toBe(403);
  });
});

describe("a thief of a host's key, who says that the host has booted", () => {
  const HOST = { ...MACHINE, boot: fingerprint("1") };
  const THIEF = { ...MACHINE, boot: fingerprint("2") };

  async function setUpTheft() {
    const parts = await setUp();
    const { ask, tick, keys } = parts;
    const secret = await parts.enrolled("host-1", HOST);
    const report = (name: string, { machine, boot }: typeof MACHINE, key = secret) => {
      const body = {
        instance_id: "host-1",
        instance_name: name,
        update_date: formatUpdateDate(tick()),
        os_start_date: "2023-12-01 00:00:00",
        rollcall: { machine: machine.slice(0, 16), boot: boot.slice(0, 16) },
      };
      return ask("PUT", "/v1/reports/host-1", key, {
        body,
        headers: { "rollcall-machine": machine, "rollcall-boot": boot },
      });
    };
    const leave = ({ machine, boot }: typeof MACHINE) =>
      ask("DELETE", "/v1/reports/host-1", secret, {
        headers: { "rollcall-machine": machine, "rollcall-boot": boot },
      });
    const names = async () =>
      ((await ask("GET", "/v1/reports", keys.read)).json as unknown as { instance_name: string }[]).map(
        ({ instance_name: name }) => name,
      );
    return { ...parts, secret, report, leave, names };
  }

  it(
    "does not lock it out: both report, each in a place of its own, and both are shown " + "as a clone",
    async () => {
      const { report, leave, names, problems } = await setUpTheft();
      for (let turn = 0; turn < 3; turn++) {
        expect((await report("host", HOST)).status).toBe(200);
        expect(await names()).toEqual(["host"]);
        expect((await report("thief", THIEF)).status).toBe(200);
        expect(await names()).toEqual(["thief"]);
      }
      const shown = await problems();
      expect(shown).toMatchObject([
        {
          reason: "clone",
          key: "reports/v1/local/host-1.json",
          detail: expect.stringContaining("rollcall keys revoke host-1;"),
        },
        { reason: "clone", detail: expect.stringMatching(/"host".* newer one, of "thief"/) },
      ]);
      // Nor does it take the host out of the roll.
      expect((await leave(THIEF)).status).toBe(204);
      expect(await names()).toEqual(["host"]);
    },
  );

  it("fills the store with no more than one report, and stays told, however often it says so", async () => {
    const { report, store, problems } = await setUpTheft();
    await report("host", HOST);
    await report("thief", THIEF);
    await report("host", HOST);
    for (let boot = 10; boot < 60; boot++) await report("thief", { ...MACHINE, boot: `${boot}`.repeat(32) });
    expect((await report("host", HOST)).status).toBe(200);
    const keys: string[] = [];
    for await (const page of store.list("reports/v1/")) keys.push(...page.map(({ key }) => key));
    expect(keys).toEqual(["reports/v1/local/aaaaaaaaaaaaaaaa:host-1.json", "reports/v1/local/host-1.json"]);
    expect((await problems()).map(({ reason }) => reason)).toEqual(["clone", "clone"]);
  });

  it("is out after one command, and the host enrols anew", async () => {
    const { ask, keys, report, enrolled, names, secret } = await setUpTheft();
    await report("host", HOST);
    await report("thief", THIEF);
    await report("host", HOST);
    expect((await ask("DELETE", "/v1/keys/host-1", keys.admin)).status).toBe(204);
    for (const machine of [HOST, THIEF]) expect((await report("x", machine, secret)).status).toBe(401);
    const fresh = await enrolled("host-1", HOST);
    expect((await report("host", HOST, fresh)).status).toBe(200);
    expect(await names()).toEqual(["host"]);
  });

  it("does not keep it from enrolling again either, and is forgotten a day after it has gone", async () => {
    const { report, enrolled, tick, problems } = await setUpTheft();
    await report("host", HOST);
    await report("thief", THIEF);
    const second = await enrolled("host-1", HOST);
    expect((await report("host", HOST, second)).status).toBe(200);
    expect((await problems()).some(({ reason }) => reason === "clone")).toBe(true);
    for (let minute = 0; minute < 25 * 60; minute++) tick();
    const rebooted = { ...MACHINE, boot: fingerprint("3") };
    expect((await report("host", rebooted, second)).status).toBe(200);
    expect(await problems()).toEqual([]);
  });
});

describe("two machines with a shared key", () => {
  it("are both there: one shown, the other told; and one that leaves leaves alone", async () => {
    const { ask, keys, problems, tick, makeKey } = await setUp();
    const shared = await makeKey("ingest");
    const machine = (digit: string) => ({ machine: fingerprint("a"), boot: fingerprint(digit) });
    const headers = (digit: string) => ({
      "rollcall-machine": fingerprint("a"),
      "rollcall-boot": fingerprint(digit),
    });
    const report = (name: string, digit: string) => {
      const now = tick();
      const { machine: hardware, boot } = machine(digit);
      const rollcall = { machine: hardware.slice(0, 16), boot: boot.slice(0, 16) };
      const body = {
        instance_id: "host-1",
        instance_name: name,
        update_date: formatUpdateDate(now),
        os_start_date: "2023-12-01 00:00:00",
        rollcall,
      };
      return ask("PUT", "/v1/reports/host-1", shared, { body, headers: headers(digit) });
    };
    const names = async () =>
      ((await ask("GET", "/v1/reports", keys.read)).json as unknown as { instance_name: string }[]).map(
        ({ instance_name: name }) => name,
      );
    for (const [name, digit] of [
      ["web-a", "1"],
      ["web-b", "2"],
      ["web-a", "1"],
      ["web-b", "2"],
    ] as const) {
      expect((await report(name, digit)).status).toBe(200);
      expect(await names()).toEqual([name]);
    }
    expect(await problems()).toMatchObject([{ key: "reports/v1/local/host-1.json", reason: "clone" }]);
    expect((await ask("DELETE", "/v1/reports/host-1", shared, { headers: headers("2") })).status).toBe(204);
    expect(await report("web-a", "1")).toMatchObject({ status: 200 });
    expect(await names()).toEqual(["web-a"]);
  });
});

describe("to enrol", () => {
  it("needs a key with that scope, and a request of its form", async () => {
    const { enrol, keys } = await setUp();
    expect((await enrol({ id: "a", ...MACHINE }, "none")).status).toBe(401);
    expect((await enrol({ id: "a", ...MACHINE }, keys.read)).status).toBe(403);
    expect((await enrol({ id: "../a", ...MACHINE })).status).toBe(400);
    expect((await enrol({ id: "a", machine: "x", boot: "y" })).status).toBe(400);
    expect((await enrol({ id: "a", ...MACHINE, more: 1 })).status).toBe(400);
  });
});
