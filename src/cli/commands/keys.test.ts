// Tests of `rollcall keys`, on a folder store and through a server.
import { describe, expect, it } from "vitest";
import { listKeys } from "../../access/key-list.ts";
import { type ApiKey, createKey } from "../../access/keys.ts";
import { openStore } from "../../store/open.ts";
import { type IoDouble, makeIo, makeStore, NOW, startTestService } from "../../testing/io-double.ts";
import { isExplained, UsageError } from "../program/failure.ts";
import type { Flags } from "../settings/setting-list.ts";
import { embeddedStoreUrl } from "../settings/target.ts";
import { runKeysAllow, runKeysCreate, runKeysDeny, runKeysList, runKeysRevoke } from "./keys.ts";

const SECRET = /^rc_([a-z2-7]{12})_[A-Za-z0-9_-]{43}\n$/;

interface Place {
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string>>;
}

const places: ReadonlyArray<readonly [string, () => Promise<Place>]> = [
  ["a store", async () => ({ flags: { store: (await makeStore()).store.location }, env: {} })],
  [
    "a server",
    async () => {
      const { store } = await makeStore();
      const { secret } = await createKey(
        store,
        { name: "admin", scopes: ["admin"] },
        { clock: () => NOW - 60_000 },
      );
      const { url } = await startTestService(store.location);
      return { flags: { server: url }, env: { ROLLCALL_KEY: secret } };
    },
  ],
];

async function list(flags: Flags, env: Readonly<Record<string, string>>): Promise<ApiKey[]> {
  const io = await makeIo({ env });
  await runKeysList(flags, io);
  return (JSON.parse(io.out()) as ApiKey[]).filter(({ name }) => name !== "admin");
}

async function create(io: IoDouble, flags: Flags, name = "people"): Promise<string> {
  await runKeysCreate({ ...flags, scope: ["ingest"], name, host: "host-1" }, io);
  return SECRET.exec(io.out())?.[1] ?? "";
}

describe.each(places)("on %s", (_name, open) => {
  it("makes, lists and revokes a key", async () => {
    const { flags, env } = await open();
    const io = await makeIo({ env });
    const id = await create(io, flags);
    expect(io.out()).toMatch(SECRET);
    expect(io.err()).toBe(
      `made key ${id} (people; ingest, for the host host-1 alone). It is shown this once: keep it now.\n`,
    );
    expect(await list(flags, env)).toEqual([
      { id, name: "people", scopes: ["ingest"], host: "host-1", created_at: new Date(NOW).toISOString() },
    ]);
    const revoking = await makeIo({ env });
    await runKeysRevoke(id, flags, revoking);
    expect(revoking.out()).toBe("");
    expect(revoking.err()).toContain(`revoked ${id};`);
    expect(await list(flags, env)).toEqual([]);
  });

  it("says that there is no such key", async () => {
    const { flags, env } = await open();
    for (const id of ["aaaaaaaaaaaa", "../x", "no key"]) {
      const revoking = makeIo({ env }).then((io) => runKeysRevoke(id, flags, io));
      await expect(revoking).rejects.toSatisfy(isExplained);
      await expect(revoking).rejects.toThrow(/there is no (such )?key/);
    }
  });

  it.each([
    { scope: ["read" as const], name: "" },
    { scope: ["read" as const], name: "a\u001b[2J" },
    { scope: ["read" as const], name: "x".repeat(101) },
    { scope: ["ingest" as const], name: "a", host: "../x" },
    { scope: ["read" as const], name: "a", host: "host-1" },
    { scope: ["admin" as const], name: "a", host: "host-1" },
    { scope: ["read" as const], name: "a", expires: "2020-01-01" },
    { scope: ["read" as const], name: "a", expires: "soon" },
  ])("refuses %j as called wrongly", async (options) => {
    const { flags, env } = await open();
    const io = await makeIo({ env });
    await expect(runKeysCreate({ ...options, ...flags }, io)).rejects.toThrow(UsageError);
    expect(io.out()).toBe("");
    expect(await list(flags, env)).toEqual([]);
  });

  it("shuts a host out, shows it in the list, and lets it in again", async () => {
    const { flags, env } = await open();
    await runKeysCreate({ ...flags, scope: ["read"], name: "short", expires: "2d" }, await makeIo({ env }));
    await runKeysDeny("host-1", flags, await makeIo({ env }));
    expect(await list(flags, env)).toMatchObject([
      { name: "short", expires_at: new Date(NOW + 2 * 86_400_000).toISOString() },
      { id: "host-1", scopes: [], host: "host-1", enrolled: false, denied_at: expect.any(String) },
    ]);
    const io = await makeIo({ env, isTerminal: true, columns: 120 });
    await runKeysList(flags, io);
    expect(io.out()).toMatch(/short +read +0s +- +in 2d\n/);
    expect(io.out()).toMatch(/host-1 +\(denied\) +none +host-1/);
    await runKeysAllow("host-1", flags, await makeIo({ env }));
    expect(await list(flags, env)).toHaveLength(1);
    await expect(runKeysAllow("host-1", flags, await makeIo({ env }))).rejects.toThrow(
      "host-1 is not denied",
    );
    await expect(runKeysDeny("../x", flags, await makeIo({ env }))).rejects.toThrow(UsageError);
  });

  it("shows a table on a terminal, and JSON there with --json", async () => {
    const { flags, env } = await open();
    const id = await create(await makeIo({ env }), flags, "本番");
    const io = await makeIo({ env, isTerminal: true, columns: 80 });
    await runKeysList(flags, io);
    expect(io.out()).toContain("ID            NAME ");
    expect(io.out()).toContain(`${id}  本番`);
    const json = await makeIo({ env, isTerminal: true, columns: 80 });
    await runKeysList({ ...flags, json: true }, json);
    expect(json.out()).toContain(`"id": "${id}"`);
  });
});

it("works on the embedded store before anything else did", async () => {
  const io = await makeIo();
  await runKeysCreate({ scope: ["read", "ingest"] }, io);
  const [key] = await listKeys(await openStore(embeddedStoreUrl(io), { clock: io.clock }), () => undefined);
  expect(key).toMatchObject({ name: "read+ingest", scopes: ["read", "ingest"] });
});

it("says on a terminal that there are no keys", async () => {
  const io = await makeIo({ isTerminal: true });
  await runKeysList({ store: (await makeStore()).store.location }, io);
  expect(io.out()).toBe("");
  expect(io.err()).toContain("no keys");
});

it("needs an admin key for a server", async () => {
  const { store } = await makeStore();
  const { secret } = await createKey(store, { name: "reader", scopes: ["read"] }, { clock: () => NOW });
  const { url } = await startTestService(store.location);
  const io = await makeIo({ env: { ROLLCALL_KEY: secret } });
  await expect(runKeysList({ server: url }, io)).rejects.toThrow(/403.*admin/);
  await expect(makeIo().then((other) => runKeysList({ server: url }, other))).rejects.toThrow(
    "wants an API key",
  );
});
