// Tests of putting a report, and of asking for one.
import { describe, expect, it } from "vitest";
import { HOUR, setUpApi as setUp } from "../testing/api-service.ts";

describe("PUT /v1/reports/{id}", () => {
  it.each([
    ["{", "not_json"],
    ["", "empty"],
    ["[]", "not_object"],
    ['{"instance_id":"a"}', "missing_field"],
    ['{"instance_id":"b","update_date":"2024-01-01T00:00:00Z"}', "misfiled"],
    ['{"instance_id":"a","update_date":"yesterday"}', "bad_update_date"],
    ['{"instance_id":"a","instance_id":"a","update_date":"2024-01-01T00:00:00Z"}', "duplicate_key"],
    ['{"instance_id":"a","update_date":"2024-01-01T00:00:00Z","__proto__":{"x":1}}', "forbidden_key"],
    ['{"instance_id":"a","update_date":"2024-01-01T00:00:00Z","x":"\\u0000"}', "forbidden_character"],
    [
      `{"instance_id":"a","update_date":"2024-01-01T00:00:00Z","x":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "too_deep",
    ],
    ['{"instance_id":"a","update_date":"2024-01-01T00:00:00Z","rollcall":{"reader":{}}}', "bad_rollcall"],
  ])("refuses %j as %s and keeps the last good report", async (body, reason) => {
    const { put, report, request } = await setUp();
    await put("a", report("a", { good: true }));
    const response = await put("a", body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "urn:rollcall:error:invalid_report", reason });
    expect(await (await request("/v1/reports/a")).json()).toMatchObject({ good: true });
  });

  it("refuses broken UTF-8, 10 MB, and encodings", async () => {
    const { put, request, secrets } = await setUp();
    expect((await put("a", new Uint8Array([0x7b, 0xc0, 0x80, 0x7d]))).status).toBe(422);
    expect((await put("a", new Uint8Array(10 * 1024 * 1024).fill(0x20))).status).toBe(413);
    const lying = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
    });
    expect(
      (
        await request("/v1/reports/a", {
          method: "PUT",
          key: secrets.ingest,
          body: lying,
          duplex: "half",
        } as RequestInit)
      ).status,
    ).toBe(413);
    expect(
      (
        await request("/v1/reports/a", {
          method: "PUT",
          key: secrets.ingest,
          body: "x",
          headers: { "content-encoding": "gzip" },
        })
      ).status,
    ).toBe(415);
  });

  it.each([
    "..%2f..%2fkeys%2fv1%2fx",
    "%2e%2e",
    "a%2fb",
    "a%00b",
    ".hidden",
    "-rf",
    "a..b",
    "x".repeat(129),
    "日本",
    "a%5cb",
    "a:b",
  ])("refuses the id %s and writes nothing", async (id) => {
    const { request, secrets, store } = await setUp();
    const response = await request(`/v1/reports/${id}`, { method: "PUT", key: secrets.ingest, body: "{}" });
    expect([400, 404]).toContain(response.status);
    for await (const page of store.list("reports/")) expect(page).toEqual([]);
  });
});

describe("GET /v1/reports/{id}", () => {
  it("answers with the report, its age and its clock", async () => {
    const { request, put, report, advance } = await setUp();
    const body = report("a", { x: 1.0 });
    advance(90_000);
    await put("a", `\n ${body}\n`);
    advance(3 * HOUR);
    const response = await request("/v1/reports/a");
    expect(await response.text()).toBe(`${body}\n`);
    expect(response.headers.get("rollcall-state")).toBe("silent");
    expect(response.headers.get("rollcall-clock-skew")).toBe("-90");
    const etag = response.headers.get("etag") ?? "";
    expect((await request("/v1/reports/a", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect(await (await request("/v1/reports/a?fields=x")).text()).toBe('{"x":1}\n');
    expect((await request("/v1/reports/a?x=1")).status).toBe(400);
  });

  it("says why there is none", async () => {
    const { request, store, advance } = await setUp();
    expect((await request("/v1/reports/nobody")).status).toBe(404);
    await store.put("reports/v1/local/bad.json", Buffer.from("{"));
    advance(2000);
    const response = await request("/v1/reports/bad");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining("not_json") });
  });

  it("asks which account where two have the id", async () => {
    const { request, store, report } = await setUp();
    for (const account of ["111111111111", "222222222222"]) {
      await store.put(`reports/v1/${account}/AROA:i-1.json`, Buffer.from(report("i-1", { account })));
    }
    const response = await request("/v1/reports/i-1");
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining("222222222222") });
    expect(await (await request("/v1/reports/i-1?account=222222222222")).json()).toMatchObject({
      account: "222222222222",
    });
  });
});
