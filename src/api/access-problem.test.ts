// Tests of what access refuses, as it goes out over HTTP.
import { expect, it } from "vitest";
import { AccessError } from "../access/access-error.ts";
import { toApiError } from "./access-problem.ts";
import { toProblemResponse } from "./problem-details.ts";

const answer = async (error: AccessError) => {
  const response = toProblemResponse(toApiError(error));
  const { headers, status } = response;
  const { type, detail } = (await response.json()) as { type: string; detail: string };
  return {
    status,
    type,
    detail,
    retryAfter: headers.get("retry-after"),
    challenge: headers.get("www-authenticate"),
  };
};

it("says when to ask again, in a header", async () => {
  expect(await answer(new AccessError("over_limit", "no room", { retryAfterS: 300 }))).toEqual({
    status: 507,
    type: "urn:rollcall:error:over_limit",
    detail: "no room",
    retryAfter: "300",
    challenge: null,
  });
});

it.each(["key_expired", "enrolment_ended"] as const)("names a scheme with each 401: %s", async (code) => {
  expect(await answer(new AccessError(code, "over"))).toEqual({
    status: 401,
    type: "urn:rollcall:error:unauthorized",
    detail: "over",
    retryAfter: null,
    challenge: 'Bearer realm="rollcall"',
  });
});
