// Tests of work for who has gone, over real sockets: it ends at its next turn, and who asks the
// same still gets an answer.
import { request } from "node:http";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { ClientGone, yieldWhileConnected } from "./client-gone.ts";
import type { Route } from "./route.ts";
import { startServer } from "./server.ts";

const clock = () => Date.now();

it(
  "the work of a request whose connection is closed ends at its next turn, with no " + "word in the log",
  async () => {
    const store = memoryStore({ clock });
    const lines: string[] = [];
    const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const keyring = createKeyring({ store, clock });
    const { secret } = await createKey(store, { name: "x", scopes: ["read"] }, { clock });
    let begun: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    let turns = 0;
    let end: (error: unknown) => void = () => undefined;
    const ended = new Promise<unknown>((resolve) => (end = resolve));
    const route: Route = {
      method: "get",
      path: "/long",
      scope: "read",
      summary: "Long work",
      description: "Takes turns for ever.",
      answers: { 200: { description: "Never." } },
      errors: [],
      sample: "curl",
      async handle(context, _services, key) {
        const own = yieldWhileConnected(context, key);
        try {
          for (;;) {
            turns++;
            if (turns === 3) begun();
            await own.spend(2 ** 20);
          }
        } catch (error) {
          end(error);
          throw error;
        }
      },
    };
    const services = {
      store,
      roll: createRoll({ store, clock }),
      keyring,
      clones: createClones({ clock }),
      clock,
      log,
      version: "1",
      windowMs: 7_200_000,
      labels: compileLabels(BUILT_IN_RULES),
      deadlineMs: 5000,
    };
    const app = createApp(services, [route]);
    const server = await startServer(app, { host: "127.0.0.1", port: 0 });
    onTestFinished(() => server.stop(0));
    const asking = request(`${server.url}/long`, { headers: { "x-api-key": secret } });
    asking.on("error", () => undefined).end();
    await hasBegun;
    asking.destroy();
    await new Promise((resolve) => asking.once("close", resolve));
    expect(await ended).toBeInstanceOf(ClientGone);
    expect(lines.join("")).toBe("");
  },
);
