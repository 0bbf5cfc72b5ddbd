// The Sender of the executable, against servers that are silent, stop or send too much. That the
// driver keeps the Store contract with it: test/s3/conformance.test.ts.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createFetchSender } from "./s3-fetch.ts";
import { Unavailable } from "./store.ts";

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

it("names the proxy that takes the connection and never answers, without its password", async () => {
  const { origin } = await serve(() => undefined);
  const env = { http_proxy: origin.replace("http://", "http://corp:s3cret@") };
  const sender = createFetchSender({ origin: "http://s3.test", timeouts: TIMEOUTS, env, trust: undefined });
  const error = await sender.send(GET).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: "Unavailable",
    message: expect.stringContaining(`http://s3.test: through the proxy ${origin} (http_proxy): its headers`),
  });
  expect(String(error)).not.toContain("s3cret");
});
