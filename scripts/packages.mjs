// Packs executables as packages of Debian's and Red Hat's families: node scripts/packages.mjs [x64]
// [arm64], after scripts/executable.mjs. What is in them says packaging/nfpm/nfpm.yaml. The same
// executable gives the same bytes: all times are SOURCE_DATE_EPOCH, else that of the last commit.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installNfpm } from "./install-nfpm.mjs";

/** As Go calls the architectures; nfpm knows what each family calls them. */
const GO_NAMES = { x64: "amd64", arm64: "arm64" };
const FAMILIES = ["deb", "rpm"];

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: join(root, "dist-bin") },
    // For tests of upgrades.
    version: { type: "string", default: version },
  },
});

function findEpoch() {
  return (
    process.env.SOURCE_DATE_EPOCH ??
    execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" }).trim()
  );
}

function pack(nfpm, family, architecture, executable) {
  const args = ["package", "--config", "packaging/nfpm/nfpm.yaml", "--packager", family];
  const output = execFileSync(nfpm, [...args, "--target", `${values.folder}/`], {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      VERSION: values.version,
      ARCH: GO_NAMES[architecture],
      EXECUTABLE: executable,
      SOURCE_DATE_EPOCH: findEpoch(),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [, file] = /created package: (.+)/.exec(output) ?? [];
  if (file === undefined) throw new Error(`nfpm did not say what it made: ${output}`);
  console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
}

const nfpm = installNfpm();
mkdirSync(values.folder, { recursive: true });
for (const architecture of positionals.length > 0 ? positionals : Object.keys(GO_NAMES)) {
  const executable = `dist-bin/rollcall-linux-${architecture}`;
  const problem = !(architecture in GO_NAMES)
    ? `${architecture}: x64 or arm64`
    : !existsSync(join(root, executable)) &&
      `${executable} is missing: node scripts/executable.mjs ${architecture}`;
  if (problem) {
    console.error(problem);
    process.exit(1);
  }
  for (const family of FAMILIES) pack(nfpm, family, architecture, executable);
}
