// Questions that a server answers at a path: asked of a server, or of the same routes over a store.
// Both give the same bytes.
import { pino } from "pino";
import { createClones } from "../../access/clones.ts";
import { createApp } from "../../api/app.ts";
import { gatewayKeyring } from "../../api/gateway-handler.ts";
import { createReadRoutes } from "../../api/read-routes.ts";
import { compileLabels } from "../../questions/labels.ts";
import { createClient, isInTheClear } from "../../remote/client.ts";
import type { Target } from "../../remote/target.ts";
import { DEFAULT_WINDOW_MS } from "../../report/limits.ts";
import { createRoll } from "../../roll/roll.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { VERSION } from "../program/version.ts";
import type { Settings } from "../settings/settings.ts";
import { findTarget, openStoreAt } from "../settings/target.ts";

/** Whoever sits at the command line waits as long as it takes; ms. */
const DEADLINE_MS = 24 * 60 * 60 * 1000;

type Parameters = ReadonlyArray<readonly [string, string]>;

export interface Questioner {
  /**
   * Asks at a path such as `/v1/versions`. @throws CommandError, UsageError for a question that
   * cannot be understood
   */
  ask(path: string, parameters: Parameters): Promise<Response>;
  readonly target: Target;
}

/** Opens the target that settings name. */
export async function openQuestioner(settings: Settings, io: Io): Promise<Questioner> {
  const target = await findTarget(settings, io);
  const send =
    target.kind === "store"
      ? await openRoutes(target.url, settings, io)
      : await openServer(target.url, settings, io);
  return {
    target,
    async ask(path, parameters) {
      const windowMs = settings.windowMs();
      const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]));
      if (windowMs !== undefined && !query.has("within"))
        query.set("within", `${Math.round(windowMs / 1000)}s`);
      return await send(query.size > 0 ? `${path}?${query}` : path);
    },
  };
}

async function openServer(
  url: URL,
  settings: Settings,
  io: Io,
): Promise<(path: string) => Promise<Response>> {
  const client = createClient({ url, key: await settings.readKey(), signal: io.signal });
  if (isInTheClear(url))
    await io.stderr.write(`warning: the API key travels to ${url.host} in the clear; use https\n`);
  return async (path) => {
    const response = await client.request(path);
    if (!response.headers.has("rollcall-as-of"))
      throw new CommandError(`${url.origin} answered without Rollcall's headers; is it a Rollcall server?`);
    return response;
  };
}

async function openRoutes(
  url: string,
  settings: Settings,
  io: Io,
): Promise<(path: string) => Promise<Response>> {
  const store = await openStoreAt(url, io, { mustExist: true });
  const maxAgeMs = settings.maxAgeMs();
  const app = createApp(
    {
      store,
      roll: createRoll({
        store,
        clock: io.clock,
        snapshot: "use",
        ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
      }),
      // Who may read the store may ask.
      keyring: gatewayKeyring,
      clones: createClones({ clock: io.clock }),
      labels: compileLabels(settings.labelRules),
      clock: io.clock,
      log: pino({ level: "silent" }),
      version: VERSION,
      windowMs: DEFAULT_WINDOW_MS,
      deadlineMs: DEADLINE_MS,
    },
    createReadRoutes(),
  );
  return async (path) => {
    const response = await app.request(path, { headers: { "x-api-key": "local" } });
    if (response.ok) return response;
    const { detail } = (await response.json()) as { detail?: string };
    const message = detail ?? `the answer has the status ${response.status}`;
    throw response.status === 400 ? new UsageError(message) : new CommandError(message);
  };
}
