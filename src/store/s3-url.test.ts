// S3 store URLs: what they mean, and what a wrong one is told.
import { describe, expect, it } from "vitest";
import { formatS3Url, parseS3Url } from "./s3-url.ts";
import { StoreError } from "./store.ts";

describe("parseS3Url", () => {
  it.each([
    ["s3://reports", { bucket: "reports", prefix: "", pathStyle: false }],
    ["s3://reports/", { bucket: "reports", prefix: "", pathStyle: false }],
    ["s3://reports/a/b", { bucket: "reports", prefix: "a/b/", pathStyle: false }],
    ["s3://reports/a/b/", { bucket: "reports", prefix: "a/b/", pathStyle: false }],
    ["s3://re.ports", { bucket: "re.ports", prefix: "", pathStyle: true }],
    [
      "s3://reports?region=ap-northeast-1",
      { bucket: "reports", prefix: "", region: "ap-northeast-1", pathStyle: false },
    ],
    [
      "s3://reports/a?profile=team%20a",
      { bucket: "reports", prefix: "a/", profile: "team a", pathStyle: false },
    ],
    ["s3://reports?path_style=true", { bucket: "reports", prefix: "", pathStyle: true }],
    ["s3://reports?etag=md5", { bucket: "reports", prefix: "", pathStyle: false }],
    ["s3://reports?etag=opaque", { bucket: "reports", prefix: "", pathStyle: false, hasMd5: false }],
  ])("reads %s", (url, expected) => {
    expect(parseS3Url(url)).toEqual({
      region: undefined,
      endpoint: undefined,
      profile: undefined,
      hasMd5: true,
      ...expected,
    });
  });

  it("speaks path style to other servers than AWS's, unless told otherwise", () => {
    const location = parseS3Url("s3://reports?endpoint=http://127.0.0.1:7480&region=us-east-1");
    expect(location.endpoint?.href).toBe("http://127.0.0.1:7480/");
    expect(location.pathStyle).toBe(true);
    expect(parseS3Url("s3://reports?endpoint=https://s3.example.com&path_style=false").pathStyle).toBe(false);
  });

  it.each([
    ["s3:", "s3://BUCKET"],
    ["s3:reports", "s3://BUCKET"],
    ["s3://", "no bucket name"],
    ["s3://a", "no bucket name"],
    ["s3://re ports", "no bucket name"],
    ["s3://AKIA:secret@reports", "keep keys out of the URL"],
    ["s3://reports/a//b", "prefix"],
    ["s3://reports/../b", "prefix"],
    ["s3://reports/.hidden", "prefix"],
    [`s3://reports/${"a".repeat(101)}`, "prefix"],
    ["s3://reports#x", "s3://BUCKET"],
    ["s3://reports?regoin=x", '"regoin" is not one of region, endpoint, path_style, profile, etag'],
    ["s3://reports?region=a&region=b", "twice"],
    ["s3://reports?region=", "empty"],
    ["s3://reports?region=Tokyo!", "ap-northeast-1"],
    ["s3://reports?path_style=yes", "true or false"],
    ["s3://reports?etag=sha", "md5 or opaque"],
    [
      "s3://reports--usw2-az1--x-s3?region=us-west-2",
      "is a directory bucket (S3 Express One Zone), whose listings have no order",
    ],
    ["s3://reports?endpoint=127.0.0.1:7480", "endpoint"],
    ["s3://reports?endpoint=ftp://x", "endpoint"],
    ["s3://reports?endpoint=http://user:pass@x", "endpoint"],
    ["s3://reports?endpoint=http://x/path", "endpoint"],
  ])("explains %s", (url, reason) => {
    expect(() => parseS3Url(url)).toThrow(StoreError);
    expect(() => parseS3Url(url)).toThrow(reason);
    expect(() => parseS3Url(url)).not.toThrow(/secret|pass@/);
  });
});

describe("formatS3Url", () => {
  it.each([
    "s3://reports",
    "s3://reports/a/b",
    "s3://reports/a?region=ap-northeast-1",
    "s3://reports?region=us-east-1&endpoint=http://127.0.0.1:7480",
    "s3://reports?endpoint=http://127.0.0.1:7480&path_style=false",
    "s3://reports?path_style=true",
    "s3://reports?etag=opaque",
  ])("gives %s back", (url) => {
    expect(formatS3Url(parseS3Url(url))).toBe(url);
  });
});
