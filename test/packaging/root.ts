// Roots to install packages in: a Debian of its own for each, made by debootstrap, and one that
// says it is Amazon Linux, in which rpm and dnf manage the packages.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE, NFPM } from "./packages.ts";

const SUITE = "bookworm";
const MIRROR = "http://deb.debian.org/debian";
/** A host as they are: systemd, Python for Ansible, curl; and what manages RPM packages. */
const INCLUDED =
  "systemd,systemd-sysv,dbus,python3,python3-apt,curl,ca-certificates,procps,rpm,dnf,python3-dnf";

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], env: Record<string, string> = {}): Finished {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8", ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** Mounts what programs look for, and goes in. */
const ENTER =
  'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; root=$1; shift; ' +
  'exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"';

export class Root {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Runs a program in it, as root, with /proc and /dev and a process tree of its own. */
  try(...argv: string[]): Finished {
    return run("unshare", [...this.#enter(), ...argv]);
  }

  /** The same, while this process serves what the program asks for. */
  tryAsync(...argv: string[]): Promise<Finished> {
    return new Promise((resolve) => {
      execFile("unshare", [...this.#enter(), ...argv], { encoding: "utf8" }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  #enter(): string[] {
    return ["-m", "-p", "--fork", "sh", "-c", ENTER, "sh", this.folder];
  }

  /** The same. @returns its output @throws Error with all that it wrote, unless it ended well */
  run(...argv: string[]): string {
    const { code, stdout, stderr } = this.try(...argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  /** Copies a file of this machine to a path inside. */
  copy(from: string, to: string): void {
    execFileSync("cp", ["--reflink=auto", from, join(this.folder, to)]);
  }

  remove(): void {
    execFileSync("umount", [this.folder]);
    rmSync(dirname(this.folder), { recursive: true });
  }
}

function makeBase(): string {
  const base = join(CACHE, `debian-${SUITE}`);
  if (existsSync(base)) return base;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${base}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  execFileSync("debootstrap", ["--variant=minbase", `--include=${INCLUDED}`, SUITE, unfinished, MIRROR], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  renameSync(unfinished, base);
  return base;
}

/** A Debian that has systemd and little else. */
export function makeDebianRoot(): Root {
  const base = makeBase();
  const place = mkdtempSync(join(CACHE, "root-"));
  const [upper, work, folder] = ["upper", "work", "root"].map((name) => join(place, name));
  for (const path of [upper, work, folder]) mkdirSync(path as string, { mode: 0o755 });
  const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, folder as string]);
  return new Root(folder as string);
}

const AMAZON_LINUX = `NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023"
`;

/**
 * A root that says it is Amazon Linux, and whose packages rpm and dnf know: those two, the shell
 * and systemd are Debian's builds of the same programs. What our package depends on stands in rpm's
 * database by name and version alone. Amazon Linux itself is not to be had where its mirrors are
 * not reached.
 */
export function makeAmazonLikeRoot(): Root {
  const root = makeDebianRoot();
  root.run("rm", "-f", "/etc/os-release");
  root.write("/etc/os-release", AMAZON_LINUX);
  // glibc 2.26 is Amazon Linux 2's, 4.1.5.1 its shadow-utils'.
  for (const [name, version] of [
    ["glibc", "2.26"],
    ["shadow-utils", "4.1.5.1"],
  ] as const) {
    const config = join(root.folder, "root/stub.yaml");
    writeFileSync(
      config,
      `name: ${name}\nversion: ${version}\nversion_schema: none\narch: amd64\nlicense: none\n` +
        "maintainer: nobody <nobody@localhost>\ndescription: Stands for what is there\n",
    );
    execFileSync(NFPM, ["package", "-f", config, "-p", "rpm", "-t", join(root.folder, "root/stub.rpm")], {
      stdio: "ignore",
    });
    root.run("rpm", "--install", "/root/stub.rpm");
  }
  root.run("mkdir", "-p", "/etc/yum.repos.d");
  return root;
}
