// Builds nfpm, which makes the packages, with Go, unless it is there: packaging/nfpm/go.mod says
// which, and go.sum what Go checks its bytes by.
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";

const folder = new URL("../packaging/nfpm/", import.meta.url);
const program = new URL("../node_modules/.cache/nfpm/nfpm", import.meta.url);

/** ms since the epoch; 0 for a file that is not there. */
const findChange = (url) => statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Builds it. @returns where it lies @throws Error if it cannot be built */
export function installNfpm() {
  if (findChange(new URL("go.sum", folder)) > findChange(program)) {
    console.error("Building nfpm: go build -C packaging/nfpm");
    mkdirSync(new URL(".", program), { recursive: true });
    const name = "github.com/goreleaser/nfpm/v2/cmd/nfpm";
    const args = ["build", "-mod=readonly", "-trimpath", "-o", program.pathname, name];
    const { error, status } = spawnSync("go", args, {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (error)
      throw new Error(
        `go cannot be run (${error.code}): nfpm is built with Go 1.25 or newer, https://go.dev/dl/`,
      );
    if (status !== 0) throw new Error("nfpm could not be built");
  }
  return program.pathname;
}
