// Tests of addresses to listen on.
import { expect, it } from "vitest";
import { parseListen } from "./service.ts";

it.each([
  ["127.0.0.1:8787", { host: "127.0.0.1", port: 8787 }],
  [":0", { host: "127.0.0.1", port: 0 }],
  ["[::1]:80", { host: "::1", port: 80 }],
  ["0.0.0.0:65535", { host: "0.0.0.0", port: 65_535 }],
  ["localhost:1", { host: "localhost", port: 1 }],
  ["8787", undefined],
  ["127.0.0.1", undefined],
  ["127.0.0.1:65536", undefined],
  ["http://x:1", undefined],
  ["::1:80", undefined],
])("%s", (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});
