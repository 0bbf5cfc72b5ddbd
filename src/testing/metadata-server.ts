// For tests: an instance metadata service on the loopback address, a good one or a bad one.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { MetadataSource } from "../collect/metadata.ts";

/** What an m5.large in Tokyo would say, but for the ids. */
export const USUAL_METADATA: Readonly<Record<string, string>> = {
  "meta-data/instance-id": "i-0123456789abcdef0",
  "meta-data/instance-type": "g4dn.2xlarge",
  "meta-data/instance-life-cycle": "on-demand",
  "meta-data/tags/instance/Name": "prod_service1_instance001",
  "dynamic/instance-identity/document": JSON.stringify({
    accountId: "123456789012",
    region: "ap-northeast-1",
  }),
};

export interface MetadataServerOptions {
  /** Bodies by path below /latest/; any other path is 404. */
  readonly paths?: Readonly<Record<string, string>>;
  /**
   * `v2`: a token is needed; `v1`: there are none, and the PUT is 404; `silent`: connections stay
   * unanswered.
   */
  readonly mode?: "v2" | "v1" | "silent";
  /** How many of the first requests get a 503. */
  readonly faults?: number;
}

/** Starts a service; `close` ends it, and its connections too. */
export async function startMetadataServer(options: MetadataServerOptions = {}): Promise<{
  readonly source: MetadataSource;
  /** Every request, like "GET meta-data/instance-id". */
  readonly requests: readonly string[];
  close(): Promise<void>;
}> {
  const { paths = USUAL_METADATA, mode = "v2" } = options;
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? "").replace(/^\/latest\//, "");
    requests.push(`${request.method} ${path}`);
    if (mode === "silent") return;
    const [status, body] = decide(request, path);
    response.writeHead(status).end(body);
  };
  const decide = (request: IncomingMessage, path: string): readonly [number, string] => {
    if (requests.length <= (options.faults ?? 0)) return [503, ""];
    if (request.method === "PUT") {
      // At most six hours, as on EC2.
      const ttl = Number(request.headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      const isTokenRequest = path === "api/token" && ttl >= 1 && ttl <= 21_600;
      return mode === "v2" && isTokenRequest ? [200, "TOKEN=="] : [404, ""];
    }
    if (mode === "v2" && request.headers["x-aws-ec2-metadata-token"] !== "TOKEN==") return [401, ""];
    const body = paths[path];
    return body === undefined ? [404, ""] : [200, body];
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    source: {
      endpoint: `http://127.0.0.1:${port}`,
      isGiven: true,
      fetch: globalThis.fetch,
      timeoutMs: mode === "silent" ? 50 : 10_000,
    },
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
