// Tests of ways through the network on Node.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { request } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { openDispatcher } from "./dispatcher.ts";
import { toFailure } from "./failure.ts";

it("a proxy that never answers CONNECT is given up as a connection that does not come", async () => {
  const server = createServer((socket) => void socket.on("error", () => undefined).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy = { variable: "HTTPS_PROXY", origin, authorization: undefined };
  const route = { proxy, certificates: undefined, faults: [], context: { proxy } };
  const dispatcher = openDispatcher(route, "https:", { origin: "https://s3.test", connectTimeout: 500 });
  onTestFinished(async () => {
    await dispatcher.destroy();
    server.close();
  });
  const error = await request("https://s3.test/", { dispatcher }).catch((reason: unknown) => reason);
  expect(toFailure(error, { proxy }).message).toBe(
    `through the proxy ${origin} (HTTPS_PROXY): there is no answer in time`,
  );
}, 60_000);
