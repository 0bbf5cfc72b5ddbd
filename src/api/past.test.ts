// Tests of the past over the API: rolls that the recorder itself recorded, asked with `at`, and
// what changed between them.
import { beforeAll, describe, expect, it } from "vitest";
import { HOUR, START, setUpApi } from "../testing/api-service.ts";
import { makeTestRecorder } from "../testing/test-recorder.ts";

const MINUTE = 60_000;
const iso = (at: number) => new Date(at).toISOString();

type Api = Awaited<ReturnType<typeof setUpApi>>;

describe("a server whose store has a history", () => {
  let api: Api;
  const ask = async (path: string, init = {}) => {
    const response = await api.request(path, init);
    const text = await response.text();
    return { response, text, json: () => JSON.parse(text) };
  };
  /** Minutes after the start at which entries are recorded. */
  const at = (minutes: number) => iso(START + minutes * MINUTE);

  beforeAll(async () => {
    api = await setUpApi();
    const recorder = makeTestRecorder({ ...api, facts: { expected: { hosts: ["i-1", "i-9"] } } });
    const host = (id: string, version: string) =>
      api.put(id, api.report(id, { instance_name: `prod_web_${id}`, app_version: version }));
    const record = async (minutes: number) => {
      api.advance(START + minutes * MINUTE - api.clock());
      expect((await recorder.record()).kind).not.toBe("not_recorded");
    };
    await host("i-1", "1.9");
    await host("i-2", "1.9");
    await record(1);
    await host("i-1", "1.10");
    await record(2);
    await host("i-2", "1.10");
    await host("i-3", "1.10");
    await record(3);
    for (let minute = 4; minute <= 10; minute++) await record(minute);
    await api.request("/v1/reports/i-3", { method: "DELETE", key: api.secrets.ingest });
    await record(11);
  });

  it("answers every question as it was then", async () => {
    const then = await ask(`/v1/versions?field=app_version&at=${at(2)}`);
    expect(then.json().map((one: { value: string; count: number }) => [one.value, one.count])).toEqual([
      ["1.10", 1],
      ["1.9", 1],
    ]);
    expect(then.response.headers.get("rollcall-as-of")).toBe(at(2));
    expect(then.response.headers.get("rollcall-warning")).toContain("of update_date it has what the last");
    const { json, response } = await ask(`/v1/reports/i-1?at=${at(1)}`);
    expect(json().app_version).toBe("1.9");
    expect(response.status).toBe(200);
    expect((await ask(`/v1/reports/i-3?at=${at(2)}`)).response.status).toBe(404);
    expect((await ask(`/v1/reports?env=prod&at=${at(2)}`)).json()).toHaveLength(2);
    const coverage = await ask(`/v1/coverage?at=${at(3)}`);
    // The list of then: no server says now who is expected.
    expect(coverage.json()).toMatchObject({ fresh: 3, expected: 2, reported: 1 });
    expect(coverage.json().as_of).toBe(at(3));
    for (const path of ["/v1/ages", "/v1/fields", "/v1/problems", "/v1/reports.ndjson"].slice(0, 3))
      expect((await ask(`${path}?at=${at(2)}`)).response.status).toBe(200);
  });

  it("between two entries answers of the one before, and never mixes it up with now", async () => {
    const between = iso(START + 2 * MINUTE + 30_000);
    const question = "/v1/versions?field=app_version";
    const [past, again] = [await ask(`${question}&at=${between}`), await ask(`${question}&at=${at(2)}`)];
    expect(past.response.headers.get("rollcall-as-of")).toBe(at(2));
    expect(again.text).toBe(past.text);
    const now = await ask(question);
    expect(now.text).not.toBe(past.text);
    // Of the same bytes too.
    const [latest, live] = [await ask(`/v1/reports?at=${at(11)}`), await ask("/v1/reports")];
    expect(latest.text).toBe(live.text);
    const etag = (answer: { response: Response }) => answer.response.headers.get("etag") ?? "";
    expect(etag(latest)).not.toBe(etag(live));
    const unchanged = await ask(`/v1/reports?at=${at(11)}`, { headers: { "if-none-match": etag(latest) } });
    expect(unchanged.response.status).toBe(304);
  });

  it("tells what changed, together and each", async () => {
    const { json, response } = await ask(`/v1/changes?since=${at(1)}`);
    const rows = json().changes.map((row: Record<string, unknown>) => [
      row.kind,
      row.field,
      row.before,
      row.after,
      row.count,
    ]);
    expect(rows).toEqual([
      ["arrived", "", null, null, 1],
      ["changed", "app_version", "1.9", "1.10", 2],
      ["departed", "", null, null, 1],
    ]);
    expect(json()).toMatchObject({ since: at(1), as_of: at(11), gaps: [] });
    expect(response.headers.get("rollcall-cursor")).toBe(json().cursor);
    const none = await ask(`/v1/changes?since=${json().cursor}`);
    expect(none.json()).toMatchObject({ changes: [], cursor: json().cursor });
    const each = await ask(`/v1/changes?since=${at(1)}&each=true&app_version=1.10&kind=changed&format=csv`);
    expect(
      each.text
        .split("\r\n")
        .slice(1, 3)
        .map((line) => line.split(",").slice(0, 4).join(",")),
    ).toEqual(["changed,app_version,1.9,1.10", "changed,app_version,1.9,1.10"]);
  });

  it("tells who fell silent and returned, by the window that is asked for", async () => {
    const { json } = await ask(`/v1/changes?since=${at(1)}&within=5m&kind=silent&each=true`);
    expect(json().changes.map((row: Record<string, unknown>) => [row.host, row.at])).toEqual([
      ["i-1", at(6)],
      ["i-2", at(7)],
      ["i-3", at(7)],
    ]);
  });

  it("compares two instants, and one with now", async () => {
    const { json } = await ask(`/v1/diff?at=${at(1)}&to=${at(3)}`);
    const rows = json().changes.map((row: Record<string, unknown>) => [row.kind, row.field, row.count]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ["arrived", "", 1],
        ["changed", "app_version", 2],
      ]),
    );
    expect(json()).toMatchObject({ from: at(1), to: at(3), count: 3 });
    const now = await ask(`/v1/diff?at=${at(3)}&each=true`);
    expect(now.json().changes).toEqual([expect.objectContaining({ kind: "departed", host: "i-3" })]);
    expect((await ask(`/v1/diff?at=${at(3)}&at=${at(1)}`)).json().from).toBe(at(1));
  });

  it("counts hosts over time", async () => {
    const { json } = await ask(`/v1/trend?field=app_version&by=env&since=${at(0)}`);
    const { series, at: instants, step_seconds } = json();
    expect(step_seconds).toBe(60);
    expect(instants.at(-1)).toBe(at(11));
    const newest = series.find(({ value }: { value: string }) => value === "1.10");
    expect(newest.group).toBe("prod");
    expect(newest.hosts[0]).toBeNull();
    expect(newest.hosts.slice(-1)).toEqual([2]);
    expect(Math.max(...newest.hosts)).toBe(3);
    const csv = await ask(`/v1/trend?field=app_version&since=${at(9)}&format=csv`);
    expect(csv.text.split("\r\n")[0]).toBe("at,value,group,hosts");
  });

  it("says what cannot be told, and what a time should be", async () => {
    const before = await ask(`/v1/reports?at=${iso(START - HOUR)}`);
    expect(before.response.status).toBe(503);
    expect(before.json()).toMatchObject({ type: "urn:rollcall:error:cannot_be_told" });
    expect(before.json().detail).toContain(`history begins later (until ${at(1)})`);
    expect(before.response.headers.get("retry-after")).toBeNull();
    const plus = await ask("/v1/reports?at=2024-12-31T23:59:59+09:00");
    expect(plus.response.status).toBe(400);
    expect(plus.json().detail).toContain("write 2024-12-31T23:59:59%2B09:00");
    expect(plus.json().parameter).toBe("at");
    const ahead = await ask(`/v1/reports?at=${iso(START + 48 * HOUR)}`);
    expect(ahead.json().detail).toContain("lies ahead");
    expect((await ask("/v1/trend")).json().detail).toContain("field: is missing; write field=");
  });
});

it("a store without a history cannot tell the past, and says what to do", async () => {
  const api = await setUpApi();
  await api.put("i-1");
  for (const path of [
    `/v1/reports?at=${iso(START)}`,
    "/v1/changes",
    "/v1/trend?field=app_version",
    `/v1/diff?at=${iso(START)}`,
  ]) {
    const response = await api.request(path);
    expect(response.status).toBe(503);
    const { type, detail } = (await response.json()) as { type: string; detail: string };
    expect(type).toBe("urn:rollcall:error:cannot_be_told");
    expect(detail).toContain("docs/history.md");
  }
});
