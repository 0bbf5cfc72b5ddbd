// Running agents: those of one machine know of each other, whatever user they are and whatever
// state folders they have. Each holds a socket with an abstract name, which everybody may see in
// /proc/net/unix, which is in no folder, and which the kernel takes away with the process.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";

/** What an agent is known by among others. */
export interface AgentIdentity {
  /** Its state folder. */
  readonly folder: string;
  /** Where it reports to, and as whom. */
  readonly location: string;
  readonly id: string;
}

export interface AgentRegistration {
  /**
   * Takes the registration back.
   *
   * @returns whether another agent goes on reporting the same host to the same place. Of several
   *   that end at once the last one hears that none does.
   */
  end(): Promise<boolean>;
}

const NAME = /@rollcall-agent\/([0-9a-f]{16})\/([0-9a-f]{16})\/(\d{1,10})@*$/;

/** Registers an agent. Where it cannot be, as on another system than Linux, the agent is alone. */
export async function registerAgent(
  { folder, location, id }: AgentIdentity,
  pid = process.pid,
): Promise<AgentRegistration> {
  const what = digest(`${location}\n${id}`);
  const server = await listen(`\0rollcall-agent/${digest(folder)}/${what}/${pid}`);
  return {
    async end() {
      // First, so that of two that end together one sees no other.
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
      return (await listAgents()).some((agent) => agent.what === what);
    },
  };
}

/** The processes of agents with a state folder. */
export async function findAgents(folder: string): Promise<readonly number[]> {
  const place = digest(folder);
  return (await listAgents()).filter((agent) => agent.folder === place).map(({ pid }) => pid);
}

async function listAgents(): Promise<
  { readonly folder: string; readonly what: string; readonly pid: number }[]
> {
  const table = await readFile("/proc/net/unix", "latin1").catch(() => "");
  return table.split("\n").flatMap((line) => {
    const [, folder, what, pid] = NAME.exec(line) ?? [];
    return folder === undefined || what === undefined ? [] : [{ folder, what, pid: Number(pid) }];
  });
}

/** Nobody has anything to say there. @returns undefined where it cannot listen */
function listen(name: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", () => resolve(undefined));
    try {
      server.listen({ path: name }, () => resolve(server));
      server.unref();
    } catch {
      resolve(undefined);
    }
  });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
