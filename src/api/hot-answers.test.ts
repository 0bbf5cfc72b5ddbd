// Tests of hot answers over real sockets: what is sent again is what the application sent, byte for
// byte, and only to whom it may.

import { connect } from "node:net";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { createClones } from "../access/clones.ts";
import { revokeKey } from "../access/key-revocation.ts";
import { createKeyring, KEYRING_AGE_MS } from "../access/keyring.ts";
import { createKey } from "../access/keys.ts";
import type { Scope } from "../access/scopes.ts";
import { BUILT_IN_RULES } from "../questions/label-rule.ts";
import { compileLabels } from "../questions/labels.ts";
import { formatUpdateDate } from "../report/update-date.ts";
import { createRoll } from "../roll/roll.ts";
import { memoryStore } from "../store/memory.ts";
import { createApp } from "./app.ts";
import { createHotAnswers, type HotAnswers } from "./hot-answers.ts";
import { createRoutes } from "./routes.ts";
import { startServer } from "./server.ts";

const HOUR = 3_600_000;

/** One store behind two servers: one has hot answers, the other has not. */
async function setUp() {
  let now = Date.UTC(2024, 11, 31, 14, 59, 59);
  const clock = () => now;
  const store = memoryStore({ clock });
  const log = pino({ level: "silent" });
  const keyring = createKeyring({ store, clock });
  const roll = createRoll({ store, clock });
  const hotAnswers = createHotAnswers({ roll, keyring, log });
  let hits = 0;
  const counted: HotAnswers = {
    ...hotAnswers,
    resend(request, response) {
      const isAnswered = hotAnswers.resend(request, response);
      if (isAnswered) hits++;
      return isAnswered;
    },
  };
  const limits = { labels: compileLabels(BUILT_IN_RULES), windowMs: 2 * HOUR, deadlineMs: 25_000 };
  const services = {
    store,
    roll,
    keyring,
    clones: createClones({ clock }),
    clock,
    log,
    version: "0.0.0-test",
    ...limits,
  };
  const hot = await startServer(createApp({ ...services, hotAnswers: counted }, createRoutes()), {
    host: "127.0.0.1",
    port: 0,
    hotAnswers: counted,
  });
  const cold = await startServer(createApp(services, createRoutes()), { host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await Promise.all([hot.stop(0), cold.stop(0)]);
  });
  const makeKey = (...scopes: Scope[]) => createKey(store, { name: "test", scopes }, { clock });
  const put = (id: string, more: object = {}) =>
    store.put(
      `reports/v1/local/${id}.json`,
      Buffer.from(JSON.stringify({ update_date: formatUpdateDate(now), instance_id: id, ...more })),
    );
  await put("a");
  const reader = await makeKey("read");
  return {
    put,
    makeKey,
    reader,
    /** Asks the server with hot answers, and says whether it was one. */
    async ask(path: string, headers: Record<string, string> = {}, method = "GET") {
      const before = hits;
      const text = await request(hot.url, path, { "x-api-key": reader.secret, ...headers }, method);
      return { text, isHot: hits > before };
    },
    askCold: (path: string, headers: Record<string, string> = {}, method = "GET") =>
      request(cold.url, path, { "x-api-key": reader.secret, ...headers }, method),
    revoke: (id: string) => revokeKey(store, id),
    advance: (ms: number) => {
      now += ms;
    },
  };
}

/**
 * All that comes over the socket, but for the time of day and the order and case of headers' names.
 */
function request(
  url: string,
  path: string,
  headers: Record<string, string>,
  method: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      const lines = Object.entries({ host: "rollcall", connection: "close", ...headers }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const [status, ...fields] = text.slice(0, end).split("\r\n");
      const sorted = fields
        .map((field) => field.replace(/^[^:]*/, (name) => name.toLowerCase()))
        .filter((field) => !field.startsWith("date:"));
      resolve([status, ...sorted.sort(), "", text.slice(end + 4)].join("\r\n"));
    });
  });
}

const GZIP = { "accept-encoding": "gzip" };

function readEtag(text: string): string {
  return /^etag: (.*)$/m.exec(text)?.[1]?.trim() ?? "";
}

describe("hot answers", () => {
  it("are the application's, byte for byte", async () => {
    const { ask, askCold } = await setUp();
    const etag = readEtag(await askCold("/v1/reports", GZIP));
    expect(etag).not.toBe("");
    for (const path of [
      "/v1/reports",
      "/v1/app-report",
      "/v1/reports?meta=true&fields=instance_id",
      "/v1/reports?evn=x&lenient=true",
    ]) {
      for (const more of [GZIP, { ...GZIP, accept: "application/x-ndjson" }, { "accept-encoding": "br" }]) {
        const plain = await askCold(path, more);
        for (const headers of [more, { ...more, "if-none-match": readEtag(plain) }]) {
          const expected = await askCold(path, headers);
          const answers = [await ask(path, headers), await ask(path, headers), await ask(path, headers)];
          expect(answers.map(({ text }) => text)).toEqual([expected, expected, expected]);
          expect(answers.map(({ isHot }) => isHot).slice(1)).toEqual([true, true]);
        }
      }
    }
  });

  it("answer 304 before anybody asked for the body, and the body after it", async () => {
    const { ask, askCold } = await setUp();
    const unchanged = { ...GZIP, "if-none-match": readEtag(await askCold("/v1/reports", GZIP)) };
    const answers = [await ask("/v1/reports", unchanged), await ask("/v1/reports", unchanged)];
    expect(answers.map(({ text, isHot }) => [text.slice(0, 12), isHot])).toEqual([
      ["HTTP/1.1 304", false],
      ["HTTP/1.1 304", true],
    ]);
    const whole = [
      await ask("/v1/reports", GZIP),
      await ask("/v1/reports", GZIP),
      await ask("/v1/reports", unchanged),
    ];
    expect(whole.map(({ text, isHot }) => [text.slice(0, 12), isHot])).toEqual([
      ["HTTP/1.1 200", false],
      ["HTTP/1.1 200", true],
      ["HTTP/1.1 304", true],
    ]);
  });

  it("end when a report comes, and when a report grows old", async () => {
    const { ask, askCold, put, advance } = await setUp();
    await ask("/v1/reports", GZIP);
    expect((await ask("/v1/reports", GZIP)).isHot).toBe(true);
    await put("b");
    advance(1001);
    const changed = await ask("/v1/reports", GZIP);
    expect([changed.isHot, changed.text]).toEqual([false, await askCold("/v1/reports", GZIP)]);
    expect(changed.text).toContain("rollcall-count: 2");
    advance(3 * HOUR);
    expect((await ask("/v1/reports", GZIP)).text).toContain("rollcall-count: 0");
  });

  it("are for keys that may read, and no longer than any key stands", async () => {
    const { ask, makeKey, reader, revoke, advance } = await setUp();
    const ingest = await makeKey("ingest");
    const admin = await makeKey("admin");
    const statusOf = async (key: string) =>
      (await ask("/v1/reports", { ...GZIP, "x-api-key": key })).text.slice(9, 12);
    const wrong = `${reader.secret.slice(0, -1)}${reader.secret.endsWith("A") ? "B" : "A"}`;
    for (let turn = 0; turn < 2; turn++) {
      expect(await statusOf(reader.secret)).toBe("200");
      expect(await statusOf(wrong)).toBe("401");
      expect(await statusOf("")).toBe("401");
      expect(await statusOf(ingest.secret)).toBe("403");
      expect(await statusOf(admin.secret)).toBe("200");
      expect(
        (
          await ask("/v1/reports", { ...GZIP, "x-api-key": "", authorization: `Bearer ${admin.secret}` })
        ).text.slice(9, 12),
      ).toBe("401");
    }
    await revoke(reader.key.id);
    advance(KEYRING_AGE_MS + 1);
    expect(await statusOf(admin.secret)).toBe("200");
    expect(await statusOf(admin.secret)).toBe("200");
    expect(await statusOf(reader.secret)).toBe("401");
  });

  it("leave everything else to the application", async () => {
    const { ask, askCold } = await setUp();
    for (const [path, headers, method] of [
      ["/v1/reports", GZIP, "HEAD"],
      ["/v1/reports", { ...GZIP, "if-none-match": "*" }, "GET"],
      ["/v1/reports", { ...GZIP, "if-none-match": '"other", "more"' }, "GET"],
      ["/v1/reports?within=never", GZIP, "GET"],
      [`/v1/reports?a=${"x".repeat(3000)}`, GZIP, "GET"],
      ["/v1/nowhere", GZIP, "GET"],
      ["/healthz", {}, "GET"],
    ] as const) {
      await ask("/v1/reports", GZIP);
      for (let turn = 0; turn < 2; turn++) {
        const { text, isHot } = await ask(path, headers, method);
        expect([isHot, text], `${method} ${path}`).toEqual([false, await askCold(path, headers, method)]);
      }
    }
  });
});
