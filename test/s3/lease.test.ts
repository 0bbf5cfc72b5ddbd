// Tests of leases over a bucket, on a real server whose clock is its own.
import { describe, inject } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { describeLease } from "../../src/testing/lease-conformance.ts";
import { makeBucket } from "./bucket.ts";

describe("a lease in a bucket", () => {
  let places = 0;
  describeLease(async () => {
    const server = inject("s3");
    await makeBucket(server, "lease");
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server.user;
    const url = `s3://lease/place-${places++}?endpoint=${server.endpoint}`;
    return async (clock) =>
      await openStore(url, { clock, env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } });
  });
});
