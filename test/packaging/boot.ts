// A root in which systemd is process 1, by systemd-nspawn.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type Finished, type Root, run } from "./root.ts";

/** How long systemd may take to start, ms. */
const BOOT_MS = 120_000;

export class Machine {
  readonly #root: Root;
  readonly #process: ChildProcess;
  readonly #leader: number;

  private constructor(root: Root, process: ChildProcess, leader: number) {
    this.#root = root;
    this.#process = process;
    this.#leader = leader;
  }

  /** Starts it, with no network but loopback, and waits until all of it has started. */
  static async boot(root: Root): Promise<Machine> {
    const args = ["--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"];
    const child = spawn("systemd-nspawn", [...args, "--directory", root.folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (bytes: Buffer) => {
        output = `${output}${bytes}`.slice(-20_000);
      });
    const ends = Date.now() + BOOT_MS;
    for (;;) {
      if (child.exitCode !== null || Date.now() > ends)
        throw new Error(`systemd-nspawn ${args.join(" ")}: ${child.exitCode}\n${output}`);
      const leader = findLeader(child.pid ?? 0);
      if (leader !== undefined) {
        const machine = new Machine(root, child, leader);
        const { stdout } = machine.try("systemctl", "is-system-running", "--wait");
        if (/running|degraded/.test(stdout)) return machine;
      }
      await setTimeout(200);
    }
  }

  try(...argv: string[]): Finished {
    return run("nsenter", ["--target", String(this.#leader), "--all", "--", ...argv], {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    });
  }

  /** @throws Error with all that it wrote, unless it ended well */
  run(...argv: string[]): string {
    const { code, stdout, stderr } = this.try(...argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Waits until a program says what the pattern matches. */
  async wait(pattern: RegExp, ...argv: string[]): Promise<string> {
    const ends = Date.now() + BOOT_MS;
    for (;;) {
      const { stdout, stderr } = this.try(...argv);
      if (pattern.test(stdout)) return stdout;
      if (Date.now() > ends)
        throw new Error(
          `${argv.join(" ")} does not say ${pattern}: ${stdout}${stderr}\n` +
            this.try("journalctl", "--no-pager", "-n", "80").stdout,
        );
      await setTimeout(300);
    }
  }

  get root(): Root {
    return this.#root;
  }

  async powerOff(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on("close", resolve));
    this.#process.kill("SIGTERM");
    await ended;
  }
}

/** Process 1 of the machine, once it is systemd: the child of systemd-nspawn's. */
function findLeader(nspawn: number): number | undefined {
  try {
    const [child = ""] = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, "utf8").trim().split(" ");
    if (child === "" || !readFileSync(`/proc/${child}/comm`, "utf8").startsWith("systemd")) return undefined;
    return Number(child);
  } catch {
    return undefined;
  }
}
