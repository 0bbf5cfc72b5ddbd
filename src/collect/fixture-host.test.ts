// The whole of collecting over the folder of a host, compared with a golden file. UPDATE_GOLDEN=1
// writes the files anew.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isRejected, parseReport } from "../report/report.ts";
import { parseSpec } from "../specs/spec.ts";
import { makeHostDouble, TEST_TIME } from "../testing/host-double.ts";
import { startMetadataServer, USUAL_METADATA } from "../testing/metadata-server.ts";
import type { HostAccess } from "./collector.ts";
import { type CollectedReport, collectReport } from "./runner.ts";

const FOLDER = fileURLToPath(new URL("../../test/", import.meta.url));

async function collect(parts: Partial<HostAccess> = {}): Promise<CollectedReport> {
  const parsed = parseSpec(await readFile(`${FOLDER}fixture-host.spec.yaml`, "utf8"));
  if ("mistakes" in parsed) throw new Error(JSON.stringify(parsed.mistakes));
  const double = makeHostDouble(`${FOLDER}fixture-host`, parts);
  // Whoever checked the files out gave them their times.
  const inspect: HostAccess["files"]["inspect"] = async (path) => {
    const facts = await double.files.inspect(path);
    return "unreadable" in facts ? facts : { ...facts, changedAt: TEST_TIME - 3_600_000 };
  };
  const host = { ...double, files: { ...double.files, inspect } };
  return collectReport(parsed.spec, host, { agentVersion: "1.0.0", specDigest: parsed.digest });
}

/** The golden file is indented, for people; the bytes must be its compact form. */
async function compare(report: CollectedReport, golden: string): Promise<void> {
  const text = report.bytes.toString("utf8");
  if (process.env.UPDATE_GOLDEN === "1")
    await writeFile(FOLDER + golden, `${JSON.stringify(JSON.parse(text), null, 2)}\n`);
  expect(text).toBe(JSON.stringify(JSON.parse(await readFile(FOLDER + golden, "utf8"))));
  const accepted = parseReport(report.bytes, report.id);
  expect(isRejected(accepted) ? accepted : "accepted").toBe("accepted");
}

describe("the fixture host", () => {
  it("reports as fixture-host.report.json off EC2", async () => {
    await compare(await collect(), "fixture-host.report.json");
  });

  it("reports as fixture-host.ec2.report.json on EC2", async () => {
    const server = await startMetadataServer();
    try {
      const report = await collect({ metadata: server.source });
      expect(report.id).toBe(USUAL_METADATA["meta-data/instance-id"]);
      expect(report.origin).toEqual({ account: "123456789012", region: "ap-northeast-1" });
      await compare(report, "fixture-host.ec2.report.json");
    } finally {
      await server.close();
    }
  });
});
