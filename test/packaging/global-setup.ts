// Says in one list what is missing of what `npm run package:check` uses; nothing is skipped.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { PACKAGES, ROOT } from "./packages.ts";

/** Program to what installs it. */
const TOOLS = {
  go: "Go 1.25 or newer: https://go.dev/dl/",
  debootstrap: "apt-get install debootstrap",
  "systemd-nspawn": "apt-get install systemd-container",
  shellcheck: "apt-get install shellcheck",
  "cloud-init": "apt-get install cloud-init",
  buildah: "apt-get install buildah",
  ansible: "apt-get install ansible",
  curl: "apt-get install curl",
  openssl: "apt-get install openssl",
  terraform: "https://developer.hashicorp.com/terraform/install",
  python3: "apt-get install python3 python3-venv",
};

export function setup(): void {
  const missing = Object.entries(TOOLS).filter(
    ([tool]) => spawnSync("sh", ["-c", 'command -v "$1"', "sh", tool]).status !== 0,
  );
  if (process.getuid?.() !== 0) throw new Error("run it as root: it makes roots, and mounts");
  if (missing.length > 0)
    throw new Error(
      `missing:\n${missing.map(([tool, install]) => `  ${tool.padEnd(15)} ${install}`).join("\n")}`,
    );
  for (const architecture of ["x64", "arm64"])
    if (!existsSync(`${ROOT}dist-bin/rollcall-linux-${architecture}`))
      execFileSync("node", ["scripts/executable.mjs", architecture], { cwd: ROOT, stdio: "inherit" });
  // The next version is what an upgrade goes to.
  for (const { version, folder, architectures } of Object.values(PACKAGES))
    execFileSync(
      "node",
      ["scripts/packages.mjs", ...architectures, "--version", version, "--folder", folder],
      { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
    );
}
