// Tests of ETags that come back.
import { expect, it } from "vitest";
import { matchesEtag } from "./etag.ts";

it.each([
  '"a-l"',
  'W/"a-l"',
  '"a-l-gzip"',
  'W/"a-l-gzip"',
  '"a-l--gzip"',
  '"a-l-br"',
  '"a-l;gzip"',
  '"b", "a-l-br"',
  "*",
])("%s is the ETag that was given, whatever stands between", (header) => {
  expect(matchesEtag(header, '"a-l"')).toBe(true);
});

it.each([undefined, "", '"a"', '"a-l-g"', '"a-lgzip"', '"a-l-gzip-x"', "a-l", '"-gzip"', '"a-l'])(
  "%s is another",
  (header) => {
    expect(matchesEtag(header, '"a-l"')).toBe(false);
  },
);
