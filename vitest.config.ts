// Test runner settings: tests sit beside the code; end-to-end tests of the built program are in
// test/.
import { defineConfig } from "vitest/config";

/** Tests that ask a real S3 server: it is started for these alone. */
const WITH_S3 = [
  "test/s3/*.test.ts",
  "test/lambda/*.test.ts",
  "test/hostile/attacks.test.ts",
  "test/executable.test.ts",
];

export default defineConfig({
  define: { ROLLCALL_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    reporters: ["default", "./scripts/closing-line.mjs"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { TZ: "Asia/Tokyo" },
    projects: [
      { extends: true, test: { name: "parts", include: ["src/**/*.test.ts", "infra/*.test.ts"] } },
      { extends: true, test: { name: "program", include: ["test/**/*.test.ts"], exclude: WITH_S3 } },
      { extends: true, test: { name: "s3", include: WITH_S3, globalSetup: ["./test/s3/global-setup.ts"] } },
    ],
  },
});
