// Test runner settings: tests sit beside the code; end-to-end tests of the built program are in
// test/.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongFirst } from "./test/sequencer.ts";

/** Tests that ask a real S3 server: it is started for these alone. */
const WITH_S3 = [
  "test/s3/*.test.ts",
  "test/lambda/*.test.ts",
  "test/page/stores.test.ts",
  "test/hostile/attacks.test.ts",
  "test/private-network.test.ts",
  "test/executable.test.ts",
  "test/executable-private-network.test.ts",
];

export default defineConfig({
  define: { ROLLCALL_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    reporters: ["default", "./scripts/closing-line.mjs"],
    // For what hangs: the machine may have much else to do.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    env: { TZ: "Asia/Tokyo" },
    // Half of the time of most files is spent waiting, for programs and timers.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["src/**/*.test.ts", "infra/*.test.ts", "web/src/**/*.test.ts"],
          // They share modules, so that those are read once a worker, not once a file.
          isolate: false,
        },
      },
      { extends: true, test: { name: "program", include: ["test/**/*.test.ts"], exclude: WITH_S3 } },
      { extends: true, test: { name: "s3", include: WITH_S3, globalSetup: ["./test/s3/global-setup.ts"] } },
    ],
  },
});
