// A machine within this one: /etc, /run, /var and /opt can be written and are thrown away at the
// end; processes and network are its own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Finished, run, startProgram } from "../program.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** Copied when they are written (overlayfs), so that what is there stays as it is. */
const FOLDERS = ["etc", "run", "var", "opt"];

const SETUP = `
set -e
ip link set lo up
for folder in ${FOLDERS.join(" ")}; do
  mkdir -p "$1/upper/$folder" "$1/scratch/$folder"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$1/upper/$folder,workdir=$1/scratch/$folder" "/$folder"
done
mkdir /run/program
mount --bind "$2" /run/program
echo ready
exec sleep infinity
`;

/** Tells why no cell can be made; undefined where one can. */
export function findObstacle(): string | undefined {
  const tried = spawnSync("unshare", [
    "-m",
    "-n",
    "-p",
    "--fork",
    "--mount-proc",
    "ip",
    "link",
    "set",
    "lo",
    "up",
  ]);
  return tried.status === 0 ? undefined : "this user may make no namespaces, or unshare or ip is missing";
}

export interface Cell {
  /**
   * A folder that is the same inside and outside; the project lies at /run/program inside, where
   * every user may read it.
   */
  readonly folder: string;
  /** Runs a program inside to its end. */
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Starts a program inside; it ends with the cell at the latest. */
  start(
    argv: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string },
  ): ChildProcess;
  /** Writes a file inside, with the folders above it. */
  write(path: string, text: string): Promise<void>;
  /** What programs that were started have written. */
  readonly output: () => string;
  close(): Promise<void>;
}

/** Makes a cell. */
export async function openCell(): Promise<Cell> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-cell-"));
  for (const name of ["upper", "work", "home"]) await mkdir(join(folder, name));
  // Programs inside run as other users.
  await run(["755", folder, join(folder, "home")], { home: folder, program: "chmod" });
  const home = join(folder, "home");
  const keeper = spawn(
    "unshare",
    [
      "-m",
      "-n",
      "-p",
      "--fork",
      "--mount-proc",
      "--kill-child",
      "--propagation",
      "private",
      "sh",
      "-c",
      SETUP,
      "cell",
      folder,
      PROJECT,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  await new Promise<void>((resolve, reject) => {
    let text = "";
    const look = (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes("ready")) resolve();
    };
    keeper.stdout.on("data", look);
    keeper.stderr.on("data", look);
    keeper.on("close", (code) => reject(new Error(`the cell ended with ${code}: ${text}`)));
  });
  const children = await readFile(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8");
  const enter = ["-t", children.trim(), "-m", "-n", "-p"];
  let output = "";

  return {
    folder,
    run: (argv, env = {}) => run([...enter, ...argv], { home, env, program: "nsenter" }),
    start(argv, { env = {}, cwd = "/" } = {}) {
      // What Node gives as standard input is a socket, which uWSGI would serve.
      const line = ["sh", "-c", 'cd "$1"; shift; exec "$@" < /dev/null', "sh", cwd];
      const child = startProgram([...enter, ...line, ...argv], { home, env, program: "nsenter" });
      const keep = (bytes: Buffer) => {
        output = `${output}${argv[0]}: ${bytes.toString()}`.slice(-20_000);
      };
      child.stdout?.on("data", keep);
      child.stderr?.on("data", keep);
      return child;
    },
    async write(path, text) {
      const source = join(folder, "input");
      await writeFile(source, text);
      const { code, stderr } = await run([...enter, "install", "-D", "-m", "644", source, path], {
        home,
        program: "nsenter",
      });
      if (code !== 0) throw new Error(`${path} cannot be written in the cell: ${stderr}`);
    },
    output: () => output,
    async close() {
      const ended = new Promise((resolve) => keeper.on("close", resolve));
      keeper.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
