// The runner of `npm run package:check`, which needs more than `npm test` may: Go, a mirror of
// Debian's, mounts, registries.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/packaging/*.check.ts"],
    globalSetup: ["./test/packaging/global-setup.ts"],
    // A root is made, or a package installed, with nothing but a mirror to wait for.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // They build in the same folders.
    fileParallelism: false,
    sequence: { concurrent: false },
  },
});
