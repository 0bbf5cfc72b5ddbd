// The real AWS CLI for tests that call it often: begun once, and forked at each call
// (cli-server.py).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface AwsCli {
  /** A PATH on which `aws` is found. */
  readonly path: string;
  stop(): Promise<void>;
}

const SERVER = fileURLToPath(new URL("cli-server.py", import.meta.url));

/**
 * Begins it, or leaves `aws` as it is where it is no script of Python's, as AWS's own packages are.
 */
export async function startAwsCli(): Promise<AwsCli> {
  const { PATH = "" } = process.env;
  const script = await findScript();
  if (script === undefined) return { path: PATH, stop: async () => undefined };

  const folder = await mkdtemp(join(tmpdir(), "rollcall-aws-cli-"));
  const socket = join(folder, "socket");
  const server = spawn(script.python, [SERVER, "--serve", script.path, socket], {
    env: { PATH, HOME: folder, LANG: "C.UTF-8", TZ: "Asia/Tokyo" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(server, "close");
  const [word] = await Promise.race([once(server.stdout, "data"), ended]);
  if (String(word) !== "ready\n") throw new Error(`the AWS CLI did not begin: ${word}`);
  // Without the libraries that it would look for, and none of which it uses, it begins in 15 ms.
  const line = `exec ${script.python} -S -E ${SERVER} ${socket} "$@"`;
  await writeFile(join(folder, "aws"), `#!/bin/sh\n${line}\n`);
  await chmod(join(folder, "aws"), 0o755);
  return {
    path: `${folder}:${PATH}`,
    async stop() {
      server.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The CLI's script and the Python that it names; undefined where it is another kind of program. */
async function findScript(): Promise<{ path: string; python: string } | undefined> {
  const find = (line: string) => execFileSync("sh", ["-c", line], { encoding: "utf8" }).trim();
  // pyenv puts a script of its own in the place of each command.
  const path = find(
    "case $(command -v aws) in */.pyenv/shims/*) pyenv which aws ;; *) command -v aws ;; esac",
  );
  const [first = ""] = (await readFile(path, "latin1")).split("\n", 1);
  const python = /^#!\s*(\S*python\S*)$/.exec(first)?.[1];
  return python === undefined ? undefined : { path, python };
}
