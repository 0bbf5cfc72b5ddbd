// Tests of the API through Request and Response, over a real memory store.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HOUR, START, setUpApi as setUp } from "../testing/api-service.ts";

describe("GET /v1/reports", () => {
  it("answers with what was put, fields in order, at both paths", async () => {
    const { request, put, report } = await setUp();
    const body = report("b", { "2": "two", "1": "one" });
    expect((await put("b", body)).status).toBe(200);
    await put("a");
    for (const path of ["/v1/reports", "/v1/app-report"]) {
      const response = await request(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.text()).toBe(`[${report("a")},\n${body}]\n`);
    }
  });

  it("says the instant and the counts in headers", async () => {
    const { request, put, store, advance } = await setUp();
    await put("old");
    advance(3 * HOUR);
    await put("new");
    await store.put("reports/v1/local/bad.json", Buffer.from("{"));
    const { headers } = await request("/v1/reports?evn=*");
    expect(Object.fromEntries([...headers].filter(([name]) => name.startsWith("rollcall")))).toEqual({
      "rollcall-api": "v1",
      "rollcall-as-of": new Date(START + 3 * HOUR).toISOString(),
      "rollcall-count": "0",
      "rollcall-silent": "0",
      "rollcall-problems": "1",
      "rollcall-warning": 'no report that was asked for has a field "evn"',
    });
  });

  it("refuses a name that nobody knows, and names the nearest; the old path answers as it did", async () => {
    const { put, request } = await setUp();
    await put("a");
    const refused = await request("/v1/reports?instance_di=a");
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      type: "urn:rollcall:error:bad_request",
      parameter: "instance_di",
      detail: expect.stringContaining("did you mean instance_id"),
    });
    for (const path of ["/v1/app-report?instance_di=a", "/v1/reports?instance_di=a&lenient=true"]) {
      const answer = await request(path);
      expect([answer.status, await answer.text()]).toEqual([200, "[]\n"]);
      expect(answer.headers.get("rollcall-warning")).toContain('field "instance_di"');
    }
    expect((await request("/v1/versions?field=instance_di")).status).toBe(400);
    expect((await request("/v1/versions?field=instance_id&by=evn")).status).toBe(400);
    expect((await request("/v1/reports?env=prod")).status).toBe(200);
  });

  it("writes warnings of any script into headers that are ASCII", async () => {
    const { request, put } = await setUp();
    await put("a");
    const { status, headers } = await request(`/v1/reports?${encodeURIComponent("環境")}=*`);
    expect(status).toBe(200);
    expect(headers.get("rollcall-warning")).toContain("\\u74b0\\u5883");
  });

  it("has an ETag that stands while nothing changes, and answers 304 to it", async () => {
    const { request, put, advance } = await setUp();
    await put("a");
    const first = await request("/v1/reports");
    const etag = first.headers.get("etag") ?? "";
    advance(10_000);
    const ask = (value: string) => request("/v1/reports", { headers: { "if-none-match": value } });
    for (const value of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask(value);
      expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
      expect(again.headers.get("rollcall-as-of")).toBe(new Date(START + 10_000).toISOString());
    }
    expect((await ask('"other"')).status).toBe(200);
    await put("b");
    expect((await ask(etag)).status).toBe(200);
    const others = await Promise.all(
      ["?fields=instance_id", "?meta=true", "?within=1h"].map((query) => request(`/v1/reports${query}`)),
    );
    expect(new Set(others.map(({ headers }) => headers.get("etag"))).size).toBe(3);
  });

  it("changes its ETag when a host falls silent", async () => {
    const { request, put, advance } = await setUp();
    await put("a");
    const etag = (await request("/v1/reports")).headers.get("etag") ?? "";
    advance(2 * HOUR);
    expect((await request("/v1/reports", { headers: { "if-none-match": etag } })).status).toBe(304);
    advance(1001);
    const later = await request("/v1/reports", { headers: { "if-none-match": etag } });
    expect([later.status, await later.text(), later.headers.get("rollcall-silent")]).toEqual([
      200,
      "[]\n",
      "1",
    ]);
  });

  it("compresses where asked, each encoding with an ETag of its own", async () => {
    const { request, put } = await setUp();
    await put("a");
    const plain = await request("/v1/reports");
    const text = await plain.text();
    const decoders = { gzip: gunzipSync, br: brotliDecompressSync } as const;
    const etags = new Set([plain.headers.get("etag")]);
    for (const [name, decode] of Object.entries(decoders)) {
      const { headers, body } = await ask(name);
      expect([headers.get("content-encoding"), headers.get("content-length")]).toEqual([
        name,
        String(body.length),
      ]);
      expect(decode(body).toString()).toBe(text);
      expect(headers.get("vary")).toContain("Accept-Encoding");
      etags.add(headers.get("etag"));
    }
    expect(etags.size).toBe(3);
    expect((await ask("gzip;q=0")).headers.get("content-encoding")).toBeNull();

    async function ask(encoding: string) {
      const response = await request("/v1/reports", { headers: { "accept-encoding": encoding } });
      return { headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
    }
  });

  it("streams a line each as NDJSON", async () => {
    const { request, put } = await setUp();
    await put("a");
    await put("b");
    const response = await request("/v1/reports", { headers: { accept: "application/x-ndjson" } });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(
      (await response.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).instance_id),
    ).toEqual(["a", "b"]);
  });

  it("answers HEAD like GET, without a body", async () => {
    const { request, put } = await setUp();
    await put("a");
    const head = await request("/v1/reports", { method: "HEAD" });
    const get = await request("/v1/reports");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
    expect(head.headers.get("rollcall-count")).toBe("1");
  });

  it("names the parameter that it cannot understand", async () => {
    const { request } = await setUp();
    const response = await request("/v1/reports?within=2");
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({
      type: "urn:rollcall:error:bad_request",
      status: 400,
      parameter: "within",
    });
    expect((await request(`/v1/reports?a=${"x".repeat(9000)}`)).status).toBe(400);
  });

  it("is complete or an error: 503 where the store fails, and nothing of why", async () => {
    const { request } = await setUp((store) => ({
      ...store,
      async *list() {
        yield [];
        throw new Error("EACCES: /secret/path");
      },
    }));
    const response = await request("/v1/reports");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await response.text()).not.toContain("secret");
    expect((await request("/readyz", { key: "" })).status).toBe(503);
    expect((await request("/healthz", { key: "" })).status).toBe(200);
  });
});

describe("keys", () => {
  it("missing, malformed, unknown, revoked and wrong keys get one and the same 401", async () => {
    const { request, secrets, app, makeKey } = await setUp();
    const revoked = await makeKey("read");
    const id = revoked.split("_")[1] ?? "";
    expect((await request(`/v1/keys/${id}`, { method: "DELETE", key: secrets.admin })).status).toBe(204);
    const wrong = `${secrets.read.slice(0, -4)}AAAA`;
    const unknown = `rc_${"a".repeat(12)}_${"A".repeat(43)}`;
    const answers = await Promise.all(
      [undefined, "", "x", "x".repeat(10_000), wrong, unknown, revoked].map(async (key) => {
        const response = await app.request(
          "/v1/reports",
          key === undefined ? {} : { headers: { "x-api-key": key } },
        );
        return [
          response.status,
          response.headers.get("content-type"),
          response.headers.get("www-authenticate"),
          await response.text(),
        ].join("|");
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^401\|application\/problem\+json\|Bearer/);
  });

  it("tells a stranger nothing of which hosts or paths there are", async () => {
    const { put, app } = await setUp();
    await put("a");
    const answers = await Promise.all(
      ["a", "b", "%00", "..%2fx"].map(async (id) => {
        const response = await app.request(`/v1/reports/${id}`);
        return [response.status, await response.text()].join("|");
      }),
    );
    expect(new Set(answers).size).toBe(1);
  });

  it("open what their scope says and no more; admin opens all", async () => {
    const { request, secrets, put, report } = await setUp();
    const status = async (key: string) =>
      Promise.all([
        request("/v1/reports", { key }).then((response) => response.status),
        put("a", report("a"), key).then((response) => response.status),
        request("/v1/keys", { key }).then((response) => response.status),
      ]);
    expect(await status(secrets.read)).toEqual([200, 403, 403]);
    expect(await status(secrets.ingest)).toEqual([403, 200, 403]);
    expect(await status(secrets.admin)).toEqual([200, 200, 200]);
  });

  it("are taken from Authorization too, and never from the URL", async () => {
    const { app, secrets } = await setUp();
    expect(
      (await app.request("/v1/reports", { headers: { authorization: `Bearer ${secrets.read}` } })).status,
    ).toBe(200);
    expect((await app.request(`/v1/reports?x-api-key=${secrets.read}&api_key=${secrets.read}`)).status).toBe(
      401,
    );
  });

  it("bound to a host write that host alone", async () => {
    const { request, secrets, put, report } = await setUp();
    const made = await request("/v1/keys", {
      method: "POST",
      key: secrets.admin,
      body: JSON.stringify({ name: "a's", scopes: ["ingest"], host: "a" }),
    });
    expect(made.status).toBe(201);
    const { secret } = (await made.json()) as { secret: string };
    expect((await put("a", report("a"), secret)).status).toBe(200);
    expect((await put("b", report("b"), secret)).status).toBe(403);
  });

  it("made over HTTP open at once; lists never hold secrets or hashes", async () => {
    const { request, secrets } = await setUp();
    const made = await request("/v1/keys", {
      method: "POST",
      key: secrets.admin,
      body: '{"name":"web","scopes":["read"]}',
    });
    const { secret, id } = (await made.json()) as { secret: string; id: string };
    expect((await request("/v1/reports", { key: secret })).status).toBe(200);
    const listed = await (await request("/v1/keys", { key: secrets.admin })).text();
    expect(listed).toContain(id);
    expect(listed).not.toContain(secret.slice(-20));
    expect(listed).not.toContain("sha256");
    for (const body of [
      "",
      "{",
      "[]",
      '{"name":"x","scopes":[]}',
      '{"name":"x","scopes":["root"]}',
      '{"name":"a\\u001b[2J","scopes":["read"]}',
    ]) {
      expect((await request("/v1/keys", { method: "POST", key: secrets.admin, body })).status).toBe(400);
    }
    expect((await request("/v1/keys/../x", { method: "DELETE", key: secrets.admin })).status).toBe(404);
  });
});

describe("the rest", () => {
  it("lists problems with their reasons", async () => {
    const { request, store } = await setUp();
    await store.put("reports/v1/local/bad.json", Buffer.from('{"a":1,}'));
    const response = await request("/v1/problems");
    expect(await response.json()).toEqual([
      {
        key: "reports/v1/local/bad.json",
        reason: "not_json",
        detail: 'byte 7: unexpected "}" where a key in "quotes" should stand',
        received_at: new Date(START).toISOString(),
        size: 8,
      },
    ]);
  });

  it("answers other paths and methods with problem+json", async () => {
    const { request } = await setUp();
    const nowhere = await request("/v2");
    expect([nowhere.status, nowhere.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
    const method = await request("/v1/reports", { method: "POST" });
    expect([method.status, method.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await request("/v1/reports/a", { method: "PATCH" })).headers.get("allow")).toBe(
      "GET, HEAD, PUT, DELETE",
    );
  });
});
