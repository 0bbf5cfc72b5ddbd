// Starts the DocBase of the tests, a process of its own, and looks at what it holds.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface Post {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly tags: readonly string[];
  readonly archived: boolean;
}

export interface Docbase {
  readonly url: string;
  readonly token: string;
  readonly team: string;
  /** Sets limits and faults (docbase-server.mjs). */
  control(change: object): Promise<void>;
  posts(): Promise<Post[]>;
  stop(): void;
}

export async function startDocbase(): Promise<Docbase> {
  const program = new URL("docbase-server.mjs", import.meta.url).pathname;
  const child: ChildProcess = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const url = child.stdout ? String((await once(child.stdout, "data"))[0]).trim() : "";
  return {
    url,
    token: "docbase-test-token",
    team: "acme",
    async control(change) {
      await fetch(`${url}/control`, { method: "POST", body: JSON.stringify(change) });
    },
    async posts() {
      return ((await (await fetch(`${url}/control`)).json()) as { posts: Post[] }).posts;
    },
    stop: () => void child.kill(),
  };
}
