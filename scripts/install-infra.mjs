// Before lint and tests: installs what the AWS stacks are made of (infra/package-lock.json), unless
// it is there already.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const folder = new URL("../infra/", import.meta.url);

/** ms since the epoch; 0 for a file that is not there. */
const findChange = (path) => statSync(new URL(path, folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes the second one last.
if (findChange("package-lock.json") > findChange("node_modules/.package-lock.json")) {
  console.error("Installing what infra/ needs: npm ci --prefix infra");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.exit(status ?? 1);
}
