// The s3 driver keeps the Store contract with the Sender of the executable too, on a real server.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, inject, it, onTestFinished } from "vitest";
import { makeBucket } from "../../test/s3/bucket.ts";
import { describeStore } from "../testing/store-conformance.ts";
import { withRetry } from "./retry.ts";
import { s3Store } from "./s3.ts";
import { createFetchSender } from "./s3-fetch.ts";
import { parseS3Url } from "./s3-url.ts";
import { Unavailable } from "./store.ts";

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

const TIMEOUTS = { connect: 200, headers: 200, body: 200 };

async function serve(
  answer: Parameters<typeof createServer>[1],
): Promise<{ origin: string; server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.closeAllConnections());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const GET = {
  method: "GET",
  path: "/x",
  headers: {},
  body: undefined,
  maxBytes: 1000,
  signal: undefined,
} as const;

it("gives up on a server that does not answer, stops in the middle, or cuts its body short", async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    if (request.url === "/cut") setTimeout(() => response.destroy(), 20);
  });
  const sender = createFetchSender({ origin, timeouts: TIMEOUTS, env: {}, trust: undefined });
  for (const path of ["/silent", "/stuck", "/cut"])
    await expect(sender.send({ ...GET, path })).rejects.toThrow(Unavailable);
});

it("reads no more than it was asked to, and nothing once it is closed", async () => {
  const { origin } = await serve((_request, response) => void response.end(Buffer.alloc(5000)));
  const sender = createFetchSender({ origin, timeouts: TIMEOUTS, env: {}, trust: undefined });
  expect(await sender.send(GET)).toMatchObject({ isTooLarge: true });
  await sender.close();
  await expect(sender.send(GET)).rejects.toThrow("closed");
});
