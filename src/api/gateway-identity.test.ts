// What the authorizer tells the reader, on its way through API Gateway.
import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { formatIdentity, formatPrincipal, parseIdentity } from "./gateway-identity.ts";

it("arrives as it was, in ASCII, whatever the names", () => {
  const names = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(
    fc.property(names, names, (id, name) => {
      const identity = { id, name, expires_at: "2026-01-31T23:59:59.000Z" };
      const text = formatIdentity(identity);
      expect(text).toMatch(/^[\x20-\x7e]+$/);
      expect(parseIdentity(text)).toEqual(identity);
    }),
    { numRuns: runs(200) },
  );
});

it("leaves a line of API Gateway's log one string of JSON, whatever the subject", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (id) => {
      const line = `{"identity":"${formatPrincipal(id)}","status":"200"}`;
      expect(line).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.parse(line)).toEqual({ identity: id, status: "200" });
    }),
    { numRuns: runs(200) },
  );
});
