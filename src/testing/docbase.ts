// Starts the DocBase of the tests, a process of its own, and looks at what it holds.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Post {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly tags: readonly string[];
  readonly archived: boolean;
}

/** What is there beside posts, and what requests took since control was last used. */
export interface DocbaseTraffic {
  readonly attachments: readonly { readonly name: string; readonly text: string }[];
  /** Requests by method. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of the requests' bodies. */
  readonly bytes: number;
}

export interface Docbase {
  readonly url: string;
  readonly token: string;
  readonly team: string;
  /** Sets limits and faults (docbase-server.mjs). */
  control(change: object): Promise<void>;
  posts(): Promise<Post[]>;
  traffic(): Promise<DocbaseTraffic>;
  stop(): void;
}

export async function startDocbase(): Promise<Docbase> {
  const program = fileURLToPath(new URL("docbase-server.mjs", import.meta.url));
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
    async traffic() {
      return (await (await fetch(`${url}/control`)).json()) as DocbaseTraffic;
    },
    stop: () => void child.kill(),
  };
}
