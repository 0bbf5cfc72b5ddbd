// Tests of the demo's key: the page of the same server gets it over loopback, and nobody else.
import { request } from "node:http";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { ListenOptions } from "../api/server.ts";
import { compileLabels } from "../questions/labels.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { type Service, startService } from "./service.ts";

const KEY = "rc_the-key-of-the-demo";
const running: Service[] = [];
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
});

async function start(listen: Partial<ListenOptions> = {}, isDemo = true): Promise<string> {
  const { store, clock } = makeStoreDouble();
  const service = await startService({
    store,
    clock,
    listen: { host: "127.0.0.1", port: 0, ...listen },
    windowMs: 7_200_000,
    maxAgeMs: undefined,
    labels: compileLabels([]),
    log: pino({ level: "silent" }),
    version: "0",
    demoKey: isDemo ? KEY : undefined,
  });
  running.push(service);
  return service.url;
}

const SAME_ORIGIN = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" };

/** As no browser and no fetch would let anybody: with whatever headers. */
function ask(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; body: string; caching: string | undefined }>(
    (resolve, reject) => {
      request(`${url}/v1/demo-key`, { headers }, (response) => {
        let body = "";
        response.on("data", (bytes: Buffer) => {
          body += bytes.toString();
        });
        response.on("end", () =>
          resolve({ status: response.statusCode, body, caching: response.headers["cache-control"] }),
        );
      })
        .on("error", reject)
        .end();
    },
  );
}

describe("the demo's key", () => {
  it("is given to the page of this server", async () => {
    const url = await start();
    const { port } = new URL(url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      for (const more of [{}, { origin: `http://${host}` }]) {
        const { status, body, caching } = await ask(url, { ...SAME_ORIGIN, host, ...more });
        expect([host, status, JSON.parse(body), caching]).toEqual([host, 200, { key: KEY }, "no-store"]);
      }
  });

  it.each<[string, (port: string) => Record<string, string>]>([
    ["a name that leads here", (port) => ({ ...SAME_ORIGIN, host: `attacker.example:${port}` })],
    ["a name that begins like loopback", (port) => ({ ...SAME_ORIGIN, host: `127.0.0.1.nip.io:${port}` })],
    ["another site", () => ({ ...SAME_ORIGIN, "sec-fetch-site": "cross-site" })],
    ["another port of the same site", () => ({ ...SAME_ORIGIN, "sec-fetch-site": "same-site" })],
    ["whoever types the address", () => ({ ...SAME_ORIGIN, "sec-fetch-site": "none" })],
    ["a link", () => ({ ...SAME_ORIGIN, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" })],
    ["another origin", () => ({ ...SAME_ORIGIN, origin: "http://attacker.example" })],
    ["an origin that is none", () => ({ ...SAME_ORIGIN, origin: "null" })],
    ["what says nothing of itself", () => ({})],
    ["what came through a proxy", () => ({ ...SAME_ORIGIN, "x-forwarded-for": "192.0.2.1" })],
    ["what came through another proxy", () => ({ ...SAME_ORIGIN, via: "1.1 proxy" })],
  ])("is not given to %s", async (_, headers) => {
    const url = await start();
    const { status, body } = await ask(url, headers(new URL(url).port));
    expect(status).toBe(403);
    expect(body).not.toContain(KEY);
  });

  it("is not there where no demo is, and not behind a proxy", async () => {
    for (const url of [await start({}, false), await start({ behindProxy: true })])
      expect((await ask(url, SAME_ORIGIN)).status).toBe(404);
  });
});
