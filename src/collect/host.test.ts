// The host collector: which id a host gets, and what is absent rather than made up.
import { describe, expect, it } from "vitest";
import { makeHostDouble } from "../testing/host-double.ts";
import { type MetadataServerOptions, startMetadataServer } from "../testing/metadata-server.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import type { Collected } from "./collected.ts";
import type { HostAccess } from "./collector.ts";
import { hostCollector } from "./host.ts";
import { HostIdentityError, parseBootTime, parseHostname, parseMachineId } from "./identity.ts";

const MACHINE_ID = "4c4c4544003510528031b4c04f4d3132";
const AUTO = { metadata: "auto", metadata_v1: false } as const;
const NITRO = { "sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "etc/machine-id": MACHINE_ID };

async function collect(
  files: Readonly<Record<string, string>>,
  options: { metadata: "auto" | "required" | "off"; metadata_v1: boolean } = AUTO,
  parts: Partial<HostAccess> = {},
): Promise<Collected> {
  const host = makeHostDouble(await makeFolder(files), parts);
  return hostCollector.collect(options, host, new AbortController().signal);
}

/** The endpoint is not given by the user here: only the firmware says that this is EC2. */
async function collectWithServer(
  files: Readonly<Record<string, string>>,
  options: MetadataServerOptions,
): Promise<Collected> {
  const server = await startMetadataServer(options);
  try {
    return await collect(files, AUTO, { metadata: { ...server.source, isGiven: false } });
  } finally {
    await server.close();
  }
}

describe("off EC2", () => {
  it("gives the machine id and makes nothing up", async () => {
    const { fields, unread } = await collect({
      "etc/machine-id": `${MACHINE_ID}\n`,
      "etc/hostname": "web-1\n",
      "proc/stat": "cpu 1\nbtime 1702289482\n",
    });
    expect(fields).toEqual([
      ["update_date", "2023-12-12T07:00:01+09:00"],
      ["os_start_date", "2023-12-11 19:11:22"],
      ["instance_id", MACHINE_ID],
      ["instance_name", "web-1"],
    ]);
    expect(unread).toEqual([]);
  });

  it("reckons from what the system says where files say nothing", async () => {
    const { fields } = await collect({
      "var/lib/dbus/machine-id": MACHINE_ID,
      "etc/machine-id": "uninitialized\n",
    });
    expect(fields.slice(1)).toEqual([
      ["os_start_date", "2023-12-12 06:00:01"],
      ["instance_id", MACHINE_ID],
      ["instance_name", "double"],
    ]);
  });

  it("takes the caller's id last, and fails without one", async () => {
    const machine = { hostname: "double", uptime: () => 0 };
    const { fields } = await collect({}, AUTO, { machine: { ...machine, fallbackId: "h-1" } });
    expect(fields).toContainEqual(["instance_id", "h-1"]);
    await expect(collect({})).rejects.toThrow(HostIdentityError);
    await expect(collect({}, AUTO, { machine: { ...machine, fallbackId: "../x" } })).rejects.toThrow(
      HostIdentityError,
    );
  });
});

describe("on EC2", () => {
  it.each([
    NITRO,
    { "sys/hypervisor/uuid": "ec2e1916-9099-7caf-fd21-012345abcdef\n" },
    { "sys/class/dmi/id/product_uuid": "EC2E1916-9099-7CAF-FD21-012345ABCDEF\n" },
  ])("asks the metadata service where the firmware says so: %j", async (files) => {
    const { fields, origin } = await collectWithServer(files, {});
    expect(fields.slice(2)).toEqual([
      ["instance_id", "i-0123456789abcdef0"],
      ["instance_name", "prod_service1_instance001"],
      ["instance_type", "g4dn.2xlarge"],
      ["instance_life_cycle", "ondemand"],
    ]);
    expect(origin).toEqual({ account: "123456789012", region: "ap-northeast-1" });
  });

  it("takes the id from the firmware where the service is silent, and says what is unread", async () => {
    const files = { ...NITRO, "sys/class/dmi/id/board_asset_tag": "i-0fedcba9876543210\n" };
    const { fields, unread } = await collectWithServer(files, { mode: "silent" });
    expect(fields).toContainEqual(["instance_id", "i-0fedcba9876543210"]);
    expect(fields.map(([name]) => name)).not.toContain("instance_type");
    expect(unread.map(({ what }) => what)).toEqual(["instance_type", "instance_life_cycle"]);
  });

  it("reports under no other id: one host would be two", async () => {
    await expect(collectWithServer(NITRO, { mode: "silent" })).rejects.toThrow(
      /this is an EC2 instance.*did not answer/,
    );
    await expect(collectWithServer(NITRO, { paths: { "meta-data/instance-id": "i-1" } })).rejects.toThrow(
      HostIdentityError,
    );
  });
});

describe("the option metadata", () => {
  it("off: sends nothing; the id is the firmware's, else the machine's", async () => {
    const off = { metadata: "off", metadata_v1: false } as const;
    const tagged = await collect(
      { ...NITRO, "sys/class/dmi/id/board_asset_tag": "i-0fedcba9876543210\n" },
      off,
    );
    expect(tagged.fields).toContainEqual(["instance_id", "i-0fedcba9876543210"]);
    expect((await collect(NITRO, off)).fields).toContainEqual(["instance_id", MACHINE_ID]);
  });

  it("required: fails where no instance id can be had", async () => {
    const required = { metadata: "required", metadata_v1: false } as const;
    await expect(collect({ "etc/machine-id": MACHINE_ID }, required)).rejects.toThrow(
      /metadata: required.*no request is expected/,
    );
  });
});

describe("parsers", () => {
  it("machine id", () => {
    expect(parseMachineId(MACHINE_ID.toUpperCase())).toBe(MACHINE_ID);
    for (const text of [undefined, "", "0".repeat(32), "x".repeat(32), `${MACHINE_ID}0`])
      expect(parseMachineId(text)).toBeUndefined();
  });
  it("host name", () => {
    expect(parseHostname("# set by cloud-init\n\n web-1 \n")).toBe("web-1");
    for (const text of [undefined, "", "#", "a b", "x".repeat(300), "\u001b[2J"])
      expect(parseHostname(text)).toBeUndefined();
  });
  it("boot time", () => {
    expect(parseBootTime("cpu 1\nbtime 1702289482\n")).toBe(1_702_289_482_000);
    for (const text of ["", "btime x", "xbtime 1"]) expect(parseBootTime(text)).toBeUndefined();
  });
});
