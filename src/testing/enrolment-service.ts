// For tests: the API with what enrols hosts, and requests as a host makes them.
import { pino } from "pino";
import { createClones } from "../access/clones.ts";
import type { IdentityTrust } from "../access/identity.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import type { Scope } from "../access/scopes.ts";
import { createApp } from "../api/app.ts";
import { createRoutes } from "../api/routes.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

/** A hash as machines give it. */
export const fingerprint = (digit: string) => digit.repeat(64);
/** The machine that enrols where none is named. */
export const MACHINE = { machine: fingerprint("a"), boot: fingerprint("1") };

/** A server with a store in memory, keys of several scopes, and a clock that tests move. */
export async function setUpEnrolment(identityTrust?: IdentityTrust, given?: Store, startsAt = Date.now()) {
  let now = startsAt;
  const clock = () => now;
  const store = given ?? memoryStore({ clock });
  const log = pino({ level: "silent" });
  const keyring = createKeyring({ store, clock });
  const services = {
    store,
    roll: createRoll({ store, clock }),
    keyring,
    clones: createClones({ clock }),
    identityTrust,
    clock,
    log,
  };
  const app = createApp(
    {
      ...services,
      version: "0",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 7_200_000,
      deadlineMs: 25_000,
    },
    createRoutes(),
  );
  const makeKey = async (scope: Scope) =>
    (await createKey(store, { name: "x", scopes: [scope] }, { clock })).secret;
  const keys = { enrol: await makeKey("enrol"), read: await makeKey("read"), admin: await makeKey("admin") };
  const ask = async (
    method: string,
    path: string,
    key: string | undefined,
    more: { body?: unknown; headers?: Record<string, string> } = {},
  ) => {
    const headers = { ...more.headers, ...(key !== undefined && { "x-api-key": key }) };
    const body = more.body === undefined ? null : JSON.stringify(more.body);
    const response = await app.request(path, { method, headers, body });
    return {
      status: response.status,
      json: (await response.json().catch(() => undefined)) as Record<string, never>,
    };
  };
  const enrol = (body: object, key: string | undefined = keys.enrol) =>
    ask("POST", "/v1/enrolments", key, { body });
  return {
    ask,
    store,
    makeKey,
    tick: () => {
      now += 60_000;
      return now;
    },
    keys,
    enrol,
    async enrolled(id: string, machine = MACHINE): Promise<string> {
      const { json, status } = await enrol({ id, ...machine });
      if (status !== 201) throw new Error(JSON.stringify(json));
      return json.secret ?? "";
    },
    put: (
      id: string,
      secret: string,
      machine: Partial<typeof MACHINE> = MACHINE,
      view: Record<string, string> = {},
    ) => {
      now += 1000;
      const headers: Record<string, string> = { ...view };
      if (machine.machine) headers["rollcall-machine"] = machine.machine;
      if (machine.boot) headers["rollcall-boot"] = machine.boot;
      return ask("PUT", `/v1/reports/${id}`, secret, {
        body: { instance_id: id, update_date: formatUpdateDate(now) },
        headers,
      });
    },
    problems: async () =>
      (await ask("GET", "/v1/problems", keys.read)).json as unknown as {
        key: string;
        reason: string;
        detail: string;
      }[],
  };
}
