// The real machine: it can be opened, and its own facts can be collected.
import { describe, expect, it } from "vitest";
import { isHostId } from "../report/key.ts";
import { DEFAULT_SPEC } from "../specs/default-spec.ts";
import { parseSpec } from "../specs/spec.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { openMachine } from "./machine.ts";
import { METADATA_ENDPOINT } from "./metadata.ts";
import { collectReport } from "./runner.ts";

describe("openMachine", () => {
  it("makes a report of this machine by the built-in spec", async () => {
    const parsed = parseSpec(DEFAULT_SPEC);
    if ("mistakes" in parsed) throw new Error("the built-in spec is wrong");
    // An empty root: a test must not depend on the machine's files, nor ask a metadata service.
    const host = openMachine({ root: await makeFolder(), fallbackId: "h-1", environment: {} });
    const { id, bytes } = await collectReport(parsed.spec, host, {
      agentVersion: "1.0.0",
      specDigest: parsed.digest,
    });
    expect(isHostId(id) && id).toBe("h-1");
    expect(Object.keys(JSON.parse(bytes.toString()) as object).slice(0, 3)).toEqual([
      "update_date",
      "os_start_date",
      "instance_id",
    ]);
  });

  it("takes the metadata endpoint from the environment", () => {
    expect(openMachine({ environment: {} }).metadata).toMatchObject({
      endpoint: METADATA_ENDPOINT,
      isGiven: false,
    });
    const given = openMachine({
      environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1338/" },
    });
    expect(given.metadata).toMatchObject({ endpoint: "http://127.0.0.1:1338/", isGiven: true });
    for (const endpoint of ["file:///etc", "nonsense"]) {
      expect(() => openMachine({ environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } })).toThrow(
        TypeError,
      );
    }
  });

  it("hands none of its own environment to programs but HOME", async () => {
    const host = openMachine({ environment: { HOME: "/root", AWS_SECRET_ACCESS_KEY: "never" } });
    const outcome = await host.run({
      argv: ["/usr/bin/env"],
      timeoutMs: 30_000,
      signal: new AbortController().signal,
    });
    const names = "stdout" in outcome ? outcome.stdout.toString().match(/^\w+(?==)/gm) : [];
    expect(names?.sort()).toEqual(["HOME", "LANG", "LC_ALL", "PATH", "ROLLCALL_RUN"]);
  });
});
