// Web pages of other origins, which ask a whole server over its socket: who may read answers, also
// those that are sent again from memory.
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { createKey } from "../access/keys.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { memoryStore } from "../store/memory.ts";
import { startService } from "./service.ts";

const WIKI = "https://wiki.example.com";
const PORTAL = "https://portal.example.com:8443";

async function serve(corsOrigins: readonly string[]) {
  const store = memoryStore({ clock: Date.now });
  const { secret } = await createKey(store, { name: "page", scopes: ["read"] }, { clock: Date.now });
  const service = await startService({
    store,
    listen: { host: "127.0.0.1", port: 0 },
    windowMs: 7_200_000,
    maxAgeMs: 60_000,
    labels: compileLabels(BUILT_IN_RULES),
    corsOrigins,
    clock: Date.now,
    log: pino({ level: "silent" }),
    version: "0.0.0-test",
  });
  onTestFinished(() => service.stop());
  return async (
    origin: string | undefined,
    { path = "/v1/reports", key = secret, ...init } = {} as Asked,
  ) => {
    const headers = {
      ...(key !== "" && { "x-api-key": key }),
      ...(origin !== undefined && { origin }),
      ...init.headers,
    };
    const { status, headers: told } = await fetch(`${service.url}${path}`, { ...init, headers });
    return { status, allowed: told.get("access-control-allow-origin"), told };
  };
}

interface Asked {
  readonly path?: string;
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe("web pages of other origins", () => {
  it("read answers where theirs is named, each time, and errors too", async () => {
    const ask = await serve([WIKI, PORTAL]);
    for (const origin of [WIKI, PORTAL, WIKI]) {
      // Asked without an origin in between, so that the answer is kept and could be sent again.
      expect((await ask(undefined)).status).toBe(200);
      const { status, allowed, told } = await ask(origin);
      expect([status, allowed]).toEqual([200, origin]);
      expect(told.get("access-control-expose-headers")).toMatch(/Rollcall-As-Of/i);
      expect(told.get("vary")).toMatch(/Origin/i);
    }
    expect(await ask(WIKI, { key: "" })).toMatchObject({ status: 401, allowed: WIKI });
  });

  it("read nothing where theirs is not named", async () => {
    const ask = await serve([WIKI]);
    for (const origin of ["https://evil.example.com", `${WIKI}:8443`, "http://wiki.example.com", "null"])
      expect((await ask(origin)).allowed).toBeNull();
    expect((await (await serve([]))(WIKI)).allowed).toBeNull();
  });

  it("may ask for reading alone, and never with a browser's own credentials", async () => {
    for (const [origins, expected] of [
      [[WIKI], WIKI],
      [["*"], "*"],
    ] as const) {
      const ask = await serve(origins);
      const { status, allowed, told } = await ask(WIKI, {
        method: "OPTIONS",
        key: "",
        headers: { "access-control-request-method": "PUT", "access-control-request-headers": "x-api-key" },
      });
      expect([status, allowed]).toEqual([204, expected]);
      expect(told.get("access-control-allow-methods")).toBe("GET,HEAD");
      expect(told.get("access-control-allow-headers")).toContain("x-api-key");
      expect(told.get("access-control-allow-credentials")).toBeNull();
      expect((await ask(WIKI)).told.get("access-control-allow-credentials")).toBeNull();
    }
  });
});
