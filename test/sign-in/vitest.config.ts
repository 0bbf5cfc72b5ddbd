// The runner of `npm run sign-in:check`, which needs Go beside what `npm test` needs.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/sign-in/*.check.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
