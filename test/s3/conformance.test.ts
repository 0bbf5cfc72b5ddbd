// The s3 driver keeps the Store contract, on a real server: as openStore makes it, since the server
// answers 500 to some of those who race; and with the Sender of the executable.
import { inject } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { withRetry } from "../../src/store/retry.ts";
import { s3Store } from "../../src/store/s3.ts";
import { createFetchSender } from "../../src/store/s3-fetch.ts";
import { parseS3Url } from "../../src/store/s3-url.ts";
import { describeStore } from "../../src/testing/store-conformance.ts";
import { makeBucket } from "./bucket.ts";

describeStore("s3", async () => {
  const server = inject("s3");
  await makeBucket(server, "conformance");
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server.user;
  const url = `s3://conformance/some/prefix?endpoint=${server.endpoint}`;
  const store = await openStore(url, {
    clock: () => Date.now(),
    env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
  });
  return { store, time: "real", dispose: async () => await store.close?.() };
});

describeStore("s3 by fetch", async () => {
  const server = inject("s3");
  await makeBucket(server, "conformance-fetch");
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = server.user;
  const location = parseS3Url(`s3://conformance-fetch/some/prefix?endpoint=${server.endpoint}`);
  const env = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const bare = await s3Store({
    location,
    env,
    clock: Date.now,
    openSender: (options) => createFetchSender(options),
  });
  let marks = 0;
  const store = withRetry(bare, {
    clock: Date.now,
    random: Math.random,
    newMark: () => `mark-${process.pid}-${marks++}`,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  return { store, time: "real", dispose: async () => await store.close?.() };
});
