// A linter from PyPI, in a folder of its own.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./packages.ts";

/** Installs it unless it is there. @returns the program */
export function installPythonTool(name: string, version: string): string {
  const folder = join(CACHE, `${name}-${version}`);
  const program = join(folder, "bin", name);
  if (!existsSync(program)) {
    execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", "ignore", "inherit"] });
    execFileSync(join(folder, "bin/pip"), ["install", "--quiet", `${name}==${version}`], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return program;
}
