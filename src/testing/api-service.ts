// For tests: the API through Request and Response, over a real memory store.
import { pino } from "pino";
import { createClones } from "../access/clones.ts";
import { createKeyring } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import type { Scope } from "../access/scopes.ts";
import type { SignedIdentities } from "../access/signed-identity.ts";
import { createApp } from "../api/app.ts";
import { createRoutes } from "../api/routes.ts";
import { createHistory } from "../history/history.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { createPast } from "../questions/past-sources.ts";
import type { Clock } from "../report/clock.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";

export const HOUR = 3_600_000;
/** The instant at which a server begins. */
export const START = Date.UTC(2024, 11, 31, 14, 59, 59);

/** The API over a store in memory, keys of each scope, and a clock that tests move. */
export async function setUpApi(
  change: (store: Store) => Store = (store) => store,
  openIdentities: (clock: Clock) => SignedIdentities | undefined = () => undefined,
) {
  let now = START;
  const clock = () => now;
  const inner = memoryStore({ clock });
  const store = change(inner);
  const roll = createRoll({ store, clock });
  const keyring = createKeyring({ store: inner, clock });
  const log = pino({ level: "silent" });
  const past = createPast(createHistory({ store, clock }));
  const services = { store, roll, past, keyring, clones: createClones({ clock }), clock, log };
  const app = createApp(
    {
      ...services,
      identities: openIdentities(clock),
      version: "0.0.0-test",
      labels: compileLabels(BUILT_IN_RULES),
      windowMs: 2 * HOUR,
      deadlineMs: 25_000,
    },
    createRoutes(),
  );
  const makeKey = async (...scopes: Scope[]) =>
    (await createKey(inner, { name: "test", scopes }, { clock })).secret;
  const secrets = {
    read: await makeKey("read"),
    ingest: await makeKey("ingest"),
    admin: await makeKey("admin"),
  };
  const request = (path: string, { key = secrets.read, ...init }: RequestInit & { key?: string } = {}) => {
    const headers = new Headers(init.headers);
    if (key) headers.set("x-api-key", key);
    return Promise.resolve(app.request(path, { ...init, headers }));
  };
  const report = (id: string, more: object = {}) =>
    JSON.stringify({ update_date: formatUpdateDate(now), instance_id: id, ...more });
  const put = (id: string, body: string | Uint8Array<ArrayBuffer> = report(id), key = secrets.ingest) =>
    request(`/v1/reports/${id}`, { method: "PUT", body, key });
  return {
    app,
    store: inner,
    roll,
    secrets,
    request,
    report,
    put,
    makeKey,
    clock,
    advance: (ms: number) => (now += ms),
  };
}
