// Tests of what a message tells to type: as the program was started.
import { expect, it } from "vitest";
import { describeInvocation } from "./invocation.ts";

it.each([
  ["rollcall start", {}],
  ["npm start --", { npm_command: "start", npm_lifecycle_event: "start", npm_package_name: "rollcall" }],
  ["npm start --", { npm_command: "run-script", npm_lifecycle_event: "start", npm_package_name: "rollcall" }],
  ["npx rollcall start", { npm_command: "exec", npm_lifecycle_event: "npx", npm_package_name: "shop" }],
  ["rollcall start", { npm_command: "start", npm_lifecycle_event: "start", npm_package_name: "shop" }],
])("is %j where npm says %j", (text, env) => {
  expect(describeInvocation("start", env)).toBe(text);
});
