// The s3 driver keeps the Store contract, on a real server: as openStore makes it, since the server
// answers 500 to some of those who race.
import { inject } from "vitest";
import { makeBucket } from "../../test/s3/bucket.ts";
import { describeStore } from "../testing/store-conformance.ts";
import { openStore } from "./open.ts";

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
