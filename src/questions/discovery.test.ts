// Tests of finding the fields that hold versions.
import { expect, it } from "vitest";
import { discoverFieldsOf } from "./discovery.ts";

it("takes no sentence that names a process by its number for a version", () => {
  const report = {
    app_version: "1.2.3",
    region: "ap-northeast-1",
    processes: [
      {
        module_A_filename: "A_red_1.10",
        state: "unknown",
        started_at: "2024-03-01 12:00:00",
        reason: "process 812 (app) names this file, but not as match says",
        changed: [{ what: "file", path: "/opt/app/conf/process1.conf", since: "2024-03-01T12:00:00+09:00" }],
      },
    ],
  };
  expect(discoverFieldsOf([Buffer.from(JSON.stringify(report))])).toEqual([
    "app_version",
    "processes.module_A_filename",
  ]);
});

it("finds no field that the list of fields cannot name", () => {
  const names = Array.from({ length: 20 }, (_, index) => `a${index}`).join();
  const report = { app_version: "1.2.3", [names]: "1.2.3", "v ": "1.2.3" };
  expect(discoverFieldsOf([Buffer.from(JSON.stringify(report))])).toEqual(["app_version"]);
});
