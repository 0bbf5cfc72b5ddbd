// Tests of what an answer says of itself.
import { describe, expect, it } from "vitest";
import { readFacts } from "./answer.ts";

const read = (headers: Record<string, string>) => readFacts(new Headers(headers), 5000);

describe("readFacts", () => {
  it("takes the data's age from the server's own clock", () => {
    const facts = read({
      "rollcall-as-of": "2026-11-28T04:00:07.000Z",
      date: "Sat, 28 Nov 2026 04:00:09 GMT",
      "rollcall-count": "484",
      "rollcall-behind": "0",
    });
    expect(facts).toMatchObject({ age: 2000, receivedAt: 5000, count: 484, behind: 0 });
    expect(facts).not.toHaveProperty("silent");
  });

  it("is not younger than nothing, where the header has whole seconds", () => {
    const headers = { "rollcall-as-of": "2026-11-28T04:00:09.900Z", date: "Sat, 28 Nov 2026 04:00:09 GMT" };
    expect(read(headers).age).toBe(0);
    expect(read({}).asOf).toBeNaN();
  });

  it("reads what was cut, also where it is not known how many", () => {
    const { cuts } = read({ "rollcall-cut": "groups=300, names" });
    expect([...cuts]).toEqual([
      ["groups", 300],
      ["names", Number.NaN],
    ]);
  });
});
