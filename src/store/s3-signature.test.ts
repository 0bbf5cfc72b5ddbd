// Signatures: the same as another implementation's, whatever is signed and whenever.
import aws4 from "aws4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import { createSigner, encodeUri, presignGet } from "./s3-signature.ts";

const HOST = "bucket.s3.ap-northeast-1.amazonaws.com";
const REGION = "ap-northeast-1";

/** Values of one line without double spaces, which both would fold. */
const value = fc.stringMatching(/^[!-~]{1,40}$/);
const segment = fc
  .string({ minLength: 1, maxLength: 12, unit: "grapheme" })
  .filter((text) => !/^\.+$|\//.test(text));

const request = fc.record({
  method: fc.constantFrom("GET", "PUT", "DELETE", "HEAD"),
  segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
  prefix: fc.option(segment),
  headers: fc.dictionary(
    fc.constantFrom("if-match", "if-none-match", "content-type", "x-amz-meta-rollcall-put"),
    value,
  ),
  body: fc.option(fc.uint8Array({ minLength: 1, maxLength: 100 }), { nil: undefined }),
  sessionToken: fc.option(value, { nil: undefined }),
  accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
  secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{40}$/),
  // Seconds: some pairs of cases share a day or a second, and most do not.
  second: fc.integer({ min: 0, max: 4_000_000_000 }),
});

describe("createSigner", () => {
  it("signs as aws4 does", () => {
    let now = 0;
    const sign = createSigner({ region: REGION, host: HOST, clock: () => now });
    fc.assert(
      fc.property(request, ({ method, segments, prefix, headers, body, second, ...credentials }) => {
        const path = `/${segments.map(encodeUri).join("/")}`;
        const query = prefix === null ? "" : `list-type=2&prefix=${encodeUri(prefix)}`;
        const date = new Date(second * 1000).toISOString().replace(/[:-]|\.\d{3}/g, "");
        for (const milliseconds of [0, 999]) {
          now = second * 1000 + milliseconds;
          const ours = sign({ method, path, query, headers, body }, credentials);
          const theirs = aws4.sign(
            {
              host: HOST,
              method,
              path: query === "" ? path : `${path}?${query}`,
              service: "s3",
              region: REGION,
              headers: {
                ...headers,
                host: HOST,
                "x-amz-date": date,
                "x-amz-content-sha256": ours["x-amz-content-sha256"],
                ...(credentials.sessionToken !== undefined && {
                  "x-amz-security-token": credentials.sessionToken,
                }),
              },
            },
            { ...credentials, sessionToken: "" },
          );
          expect(ours.authorization).toBe(theirs.headers?.Authorization);
        }
      }),
      { numRuns: runs(125) },
    );
  });

  it("hashes the body, and knows the hash of none", () => {
    const sign = createSigner({ region: REGION, host: HOST, clock: () => 0 });
    const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
    const digest = (body: Uint8Array | undefined) =>
      sign({ method: "PUT", path: "/", query: "", headers: {}, body }, credentials)["x-amz-content-sha256"];
    // FIPS 180-4's example, and sha256sum of nothing.
    expect(digest(Buffer.from("abc"))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    expect([digest(undefined), digest(Buffer.alloc(0))]).toEqual([ofNothing, ofNothing]);
  });
});

describe("presignGet", () => {
  it("signs as aws4 does", () => {
    fc.assert(
      fc.property(request, fc.integer({ min: 1, max: 604_800 }), (drawn, expiresInSeconds) => {
        const { segments, prefix, second, sessionToken, ...credentials } = drawn;
        const path = `/${segments.map(encodeUri).join("/")}`;
        const headers = { "response-content-type": prefix ?? undefined };
        const asked = { origin: `https://${HOST}`, path, region: REGION, headers, expiresInSeconds };
        const ours = new URL(presignGet(asked, { ...credentials, sessionToken }, second * 1000 + 999));
        const date = new Date(second * 1000).toISOString().replace(/[:-]|\.\d{3}/g, "");
        const query = [
          ...(prefix === null ? [] : [`response-content-type=${encodeUri(prefix)}`]),
          `X-Amz-Date=${date}`,
          `X-Amz-Expires=${expiresInSeconds}`,
          ...(sessionToken === undefined ? [] : [`X-Amz-Security-Token=${encodeUri(sessionToken)}`]),
        ].join("&");
        const unsigned = {
          host: HOST,
          method: "GET",
          path: `${path}?${query}`,
          service: "s3",
          region: REGION,
          signQuery: true,
        };
        const theirs = new URL(
          `https://${HOST}${aws4.sign(unsigned, { ...credentials, sessionToken: "" }).path ?? ""}`,
        );
        expect(ours.searchParams.get("X-Amz-Signature")).toBe(theirs.searchParams.get("X-Amz-Signature"));
        expect([...ours.searchParams].sort()).toEqual([...theirs.searchParams].sort());
      }),
      { numRuns: runs(75) },
    );
  });
});
