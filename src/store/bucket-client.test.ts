// Tests of the SDK's client before it has sent anything.
import { afterEach, expect, it, vi } from "vitest";
import { openBucketClient } from "./bucket-client.ts";
import { parseS3Url } from "./s3-url.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The SDK reads the process's own environment. */
function forgetRegion(): void {
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"]) vi.stubEnv(name, undefined);
  for (const name of ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]) vi.stubEnv(name, "/dev/null");
}

it("says what to do where no region is known", async () => {
  forgetRegion();
  await expect(openBucketClient(parseS3Url("s3://reports"), {})).rejects.toMatchObject({
    name: "StoreError",
    message: expect.stringMatching(
      /cannot set up s3:\/\/reports\b.*; add \?region=REGION to the store's URL$/,
    ),
  });
});

it("takes the region of the URL, else that of the environment", async () => {
  forgetRegion();
  const client = await openBucketClient(parseS3Url("s3://reports?region=eu-west-3"), {});
  expect(await client.config.region()).toBe("eu-west-3");
  const other = await openBucketClient(parseS3Url("s3://reports"), { AWS_REGION: "eu-north-1" });
  expect(await other.config.region()).toBe("eu-north-1");
});
