// Leaves: folders with a package.json and dependencies of their own (infra/, web/).
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

/**
 * What npm hands on to programs that it runs, and would make the npm within do something else: a
 * dry run, another folder, fewer packages.
 */
const OUTER =
  /^npm_config_(dry_run|package_lock_only|omit|include|only|production|global|location|prefix|local_prefix|workspaces?|json|ignore_scripts)$/i;

/** Installs what a leaf's package-lock.json names, unless it is there already. */
export function installLeaf(name) {
  const folder = new URL(`../${name}/`, import.meta.url);
  /** ms since the epoch; 0 for a file that is not there. */
  const findChange = (path) => statSync(new URL(path, folder), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // npm writes the second one last.
  if (findChange("package-lock.json") <= findChange("node_modules/.package-lock.json")) return;
  console.error(`Installing what ${name}/ needs: npm ci --prefix ${name}`);
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: folder,
    env: Object.fromEntries(Object.entries(process.env).filter(([variable]) => !OUTER.test(variable))),
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
}
