// For tests: a server on loopback that takes messages as Slack's incoming webhooks do.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface ReceivedMessage {
  readonly body: string;
  readonly signature: string | undefined;
}

export interface MessageReceiver {
  readonly url: string;
  /** In the order in which they came. */
  readonly received: readonly ReceivedMessage[];
  fail(isFailing: boolean): Promise<void>;
}

/** Starts one, which ends with the test. */
export async function startMessageReceiver(): Promise<MessageReceiver> {
  const received: ReceivedMessage[] = [];
  let isFailing = false;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (isFailing) return response.writeHead(500).end("Authorization: secret");
    received.push({
      body: Buffer.concat(chunks).toString(),
      signature: request.headers["rollcall-signature"]?.toString(),
    });
    response.end("ok");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    fail: async (failing) => {
      isFailing = failing;
    },
  };
}
