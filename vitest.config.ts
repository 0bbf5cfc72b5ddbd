// Test runner settings: tests sit beside the code; end-to-end tests of the built program are in
// test/.
import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { ROLLCALL_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "infra/**/*.test.ts"],
    reporters: ["default", "./scripts/closing-line.mjs"],
    globalSetup: ["./test/s3/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { TZ: "Asia/Tokyo" },
  },
});
