// For tests: a forward proxy as companies have them, and a server behind it that no DNS knows.
// CONNECT for https, plain forwarding for http.
import { createServer, type Server, request as sendRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { onTestFinished } from "vitest";

export interface ProxyOptions {
  /** `user:password` that it wants; without it anybody may. */
  readonly login?: string;
  /** Ports on loopback by host name: where names lead that only the proxy knows. */
  readonly hosts: Readonly<Record<string, number>>;
}

export interface ForwardProxy {
  readonly url: string;
  /**
   * Each request, such as "CONNECT rollcall.test:443" or "PUT http://rollcall.test/v1/reports/i-1".
   */
  readonly requests: readonly string[];
}

/** Starts a proxy, which ends with the test. */
export async function startProxy({ login, hosts }: ProxyOptions): Promise<ForwardProxy> {
  const requests: string[] = [];
  const isAllowed = (given: string | undefined) =>
    login === undefined || given === `Basic ${Buffer.from(login).toString("base64")}`;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (!isAllowed(request.headers["proxy-authorization"])) {
      response.writeHead(407, { "proxy-authenticate": 'Basic realm="corp"' }).end();
      return;
    }
    const { hostname, pathname, search } = new URL(request.url ?? "");
    const port = hosts[hostname];
    if (port === undefined) return void response.writeHead(502).end();
    const { "proxy-authorization": _, ...headers } = request.headers;
    const onward = sendRequest(
      { port, path: pathname + search, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.on("connect", (request, client, head) => {
    requests.push(`CONNECT ${request.url}`);
    client.on("error", () => undefined);
    if (!isAllowed(request.headers["proxy-authorization"]))
      return void client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="corp"\r\n\r\n',
      );
    const port = hosts[(request.url ?? "").replace(/:\d+$/, "")];
    if (port === undefined) return void client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const onward = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(client);
      client.pipe(onward);
    });
    onward.on("error", () => client.destroy());
    client.on("close", () => onward.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, requests };
}

/** Listens on a free port of loopback until the test has ended. @returns the port */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
