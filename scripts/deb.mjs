// Packs an executable as a Debian package: node scripts/deb.mjs [x64] [arm64], after
// scripts/executable.mjs
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const DEBIAN = { x64: "amd64", arm64: "arm64" };

const root = new URL("..", import.meta.url).pathname;
const { version, description } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** Where each file goes. */
const FILES = {
  "packaging/systemd/rollcall-agent.service": "usr/lib/systemd/system/rollcall-agent.service",
  "packaging/systemd/rollcall-report.service": "usr/lib/systemd/system/rollcall-report.service",
  "packaging/systemd/rollcall-report.timer": "usr/lib/systemd/system/rollcall-report.timer",
  "packaging/systemd/rollcall-report-boot.timer": "usr/lib/systemd/system/rollcall-report-boot.timer",
  "packaging/debian/config.yaml.example": "usr/share/doc/rollcall/config.yaml.example",
  "examples/spec.yaml": "usr/share/doc/rollcall/spec.yaml.example",
  "README.md": "usr/share/doc/rollcall/README.md",
  LICENSE: "usr/share/doc/rollcall/copyright",
};

for (const architecture of process.argv.length > 2 ? process.argv.slice(2) : ["x64", "arm64"]) {
  const debian = DEBIAN[architecture];
  const executable = `dist-bin/rollcall-linux-${architecture}`;
  if (!debian || !existsSync(join(root, executable))) {
    console.error(
      debian
        ? `${executable} is missing: node scripts/executable.mjs ${architecture}`
        : `${architecture}: x64 or arm64`,
    );
    process.exit(1);
  }
  const tree = mkdtempSync(join(tmpdir(), "rollcall-deb-"));
  // What mkdtemp makes is closed to others, and would be the package's root.
  chmodSync(tree, 0o755);
  const put = (from, to, mode) => {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    copyFileSync(join(root, from), join(tree, to));
    chmodSync(join(tree, to), mode);
  };
  for (const [from, to] of Object.entries(FILES)) put(from, to, 0o644);
  // Messages and the README name them.
  for (const page of readdirSync(join(root, "docs"), { recursive: true }))
    if (page.endsWith(".md")) put(`docs/${page}`, `usr/share/doc/rollcall/docs/${page}`, 0o644);
  put(executable, "usr/bin/rollcall", 0o755);
  for (const script of ["postinst", "prerm", "postrm"])
    put(`packaging/debian/${script}`, `DEBIAN/${script}`, 0o755);
  mkdirSync(join(tree, "etc/rollcall/extra.d"), { recursive: true });
  const control = [
    "Package: rollcall",
    `Version: ${version}`,
    `Architecture: ${debian}`,
    "Maintainer: The Rollcall authors <rollcall@localhost>",
    "Section: admin",
    "Priority: optional",
    "Depends: libc6 (>= 2.28), passwd",
    `Installed-Size: ${Math.ceil(statSync(join(tree, "usr/bin/rollcall")).size / 1024)}`,
    `Description: ${description.split(":")[0]}`,
    ` ${description}`,
    "",
  ];
  writeFileSync(join(tree, "DEBIAN/control"), control.join("\n"));
  const file = join(root, `dist-bin/rollcall_${version}_${debian}.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(tree, { recursive: true, force: true });
  console.log(`${file}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
}
