// Tests of the client against real servers on loopback.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Client, createClient, isInTheClear } from "./client.ts";
import { RemoteError } from "./remote-error.ts";

const KEY = "rc_abcdefghijkl_secret";

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function serve(
  handle: Handler,
  { isRollcall = true } = {},
): Promise<{ url: URL; seen: IncomingMessage[]; stop: () => Promise<void> }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    if (isRollcall) response.setHeader("rollcall-api", "v1");
    handle(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  onTestFinished(stop);
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), seen, stop };
}

function connect(
  url: URL,
  { key = KEY as string | undefined, signal = new AbortController().signal } = {},
): Client & { told: string[] } {
  const told: string[] = [];
  return {
    ...createClient({ url, key, signal, random: () => 0, onRetry: (reason) => told.push(reason) }),
    told,
  };
}

async function fail(client: Client): Promise<Error> {
  const error = await client.request("/v1/reports").then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RemoteError);
  expect(String((error as Error).stack) + JSON.stringify(error)).not.toContain("secret");
  return error as Error;
}

function answerProblem(response: ServerResponse, status: number, title: string, detail: string): void {
  response
    .writeHead(status, { "content-type": "application/problem+json" })
    .end(JSON.stringify({ title, detail }));
}

describe("createClient", () => {
  it.each([1, 2, 3, 4])("tries again after 503 %d times, and says so", async (failures) => {
    const { url, seen } = await serve((_request, response, count) => {
      if (count <= failures) answerProblem(response, 503, "The store cannot be read", "disk full");
      else response.end("done");
    });
    const client = connect(url);
    expect(await (await client.request("/x?a=1", { method: "PUT", body: Buffer.from("body") })).text()).toBe(
      "done",
    );
    expect(seen).toHaveLength(failures + 1);
    expect(client.told).toHaveLength(failures);
    expect(client.told[0]).toContain("503: The store cannot be read: disk full");
    expect(seen.every(({ url: path, headers }) => path === "/x?a=1" && headers["x-api-key"] === KEY)).toBe(
      true,
    );
  });

  it("says a status in words of its own, since not every answer brings some", async () => {
    const { url } = await serve((_request, response) => response.writeHead(502, " ").end("<b>gateway</b>"));
    expect((await fail(connect(url))).message).toBe(
      `${url.origin} answered 502 Bad Gateway; is it a Rollcall server?`,
    );
  });

  it("does not ask again for what was not recorded", async () => {
    const { url, seen } = await serve((_request, response) => {
      const problem = {
        type: "urn:rollcall:error:cannot_be_told",
        title: "It was not recorded",
        detail: "so",
      };
      const type = { "content-type": "application/problem+json" };
      response.writeHead(503, type).end(JSON.stringify(problem));
    });
    expect((await fail(connect(url))).message).toContain("503: It was not recorded: so");
    expect(seen).toHaveLength(1);
  });

  it.each([429, 500, 502, 503])("gives up on %d at last", async (status) => {
    const { url, seen } = await serve((_request, response) =>
      answerProblem(response, status, "no", "not now"),
    );
    const error = await fail(connect(url));
    expect(seen).toHaveLength(5);
    expect(error.message).toContain(`${url.origin} answered ${status}: no: not now`);
    expect(error.message.split(url.origin)).toHaveLength(2);
  });

  it.each([
    ["1", 429],
    ["date", 503],
  ])("leaves a server alone as long as it asks to be (%s)", async (form, status) => {
    const times: number[] = [];
    const { url } = await serve((_request, response, count) => {
      times.push(performance.now());
      const date = new Date(Date.UTC(2024, 1, 29)).toUTCString();
      // By its own clock, which is not ours.
      const after = form === "date" ? new Date(Date.UTC(2024, 1, 29, 0, 0, 1)).toUTCString() : form;
      if (count > 1) response.end("done");
      else response.writeHead(status, { "retry-after": after, date }).end();
    });
    const client = connect(url);
    expect(await (await client.request("/")).text()).toBe("done");
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(client.told).toEqual([expect.stringContaining("it asks to be left alone for 1s")]);
  });

  it("does not wait for one that asks for more than a minute, and says how long it wants", async () => {
    const { url, seen } = await serve((_request, response) =>
      response.writeHead(503, { "retry-after": "3600" }).end(),
    );
    const error = await fail(connect(url));
    expect(error).toMatchObject({
      retryAfterMs: 3_600_000,
      message: expect.stringContaining("left alone for 1h"),
    });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [401, "does not accept the API key"],
    [403, "answered 403: The key or token may not do this: it lacks the scope read"],
    [422, "answered 422: The key or token may not do this: it lacks the scope read"],
  ])("explains %d and does not try again", async (status, message) => {
    const { url, seen } = await serve((_request, response) =>
      answerProblem(response, status, "The key or token may not do this", "it lacks the scope read"),
    );
    expect((await fail(connect(url))).message).toBe(`${url.origin} ${message}`);
    expect(seen).toHaveLength(1);
  });

  it("says how to give a key where there is none", async () => {
    const { url, seen } = await serve((_request, response) => response.writeHead(401).end());
    const client = createClient({ url, key: undefined, signal: new AbortController().signal });
    expect((await fail(client)).message).toContain("wants an API key: set ROLLCALL_KEY, or --key-file FILE");
    expect(seen[0]?.headers).not.toHaveProperty("x-api-key");
  });

  it("sends a token in the place of the key, and says why the server does not take it", async () => {
    const { url, seen } = await serve((_request, response) =>
      answerProblem(response, 401, "A valid API key or token is needed", "the token expired; sign in again"),
    );
    const { signal } = new AbortController();
    const { message } = await fail(createClient({ url, key: KEY, token: "e30.e30.secret", signal }));
    expect(message).toContain("does not accept the token: A valid API key or token is needed");
    expect(message).toContain("the token expired");
    expect(seen[0]?.headers).not.toHaveProperty("x-api-key");
    expect(seen[0]?.headers.authorization).toBe("Bearer e30.e30.secret");
  });

  it("does not ask for a key where one came among the headers", async () => {
    const { url } = await serve((_request, response) => response.writeHead(401).end());
    const client = createClient({ url, key: undefined, signal: new AbortController().signal });
    await expect(client.request("/", { headers: { "x-api-key": KEY } })).rejects.toThrow(
      "does not accept the API key",
    );
  });

  it.each([301, 302, 307, 308])("follows no redirect (%d), which would hand the key on", async (status) => {
    const other = await serve((_request, response) => response.end("thanks for the key"));
    const { url, seen } = await serve((_request, response) =>
      response.writeHead(status, { location: other.url.href }).end(),
    );
    expect((await fail(connect(url))).message).toContain("redirect");
    expect(other.seen).toHaveLength(0);
    expect(seen).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308, 304])(
    "takes what it writes for arrived nowhere else, also where a Rollcall server says %d",
    async (status) => {
      const other = await serve((_request, response) => response.end("{}"));
      for (const method of ["PUT", "POST", "DELETE"]) {
        const { url, seen } = await serve((_request, response) =>
          response.writeHead(status, status === 304 ? {} : { location: other.url.href }).end(),
        );
        const sent = connect(url).request("/v1/reports/a", {
          method,
          ...(method !== "DELETE" && { body: Buffer.from("{}") }),
        });
        await expect(sent).rejects.toThrow(
          status === 304 ? "answered 304" : `the ${method} is not sent on: it has not arrived`,
        );
        expect([seen.length, other.seen.length]).toEqual([1, 0]);
      }
    },
  );

  it("fetches an answer that is too large from where it lies, and sends no key there", async () => {
    const place = await serve((_request, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("[1]"),
    );
    const headers = { location: place.url.href, "rollcall-count": "1", "content-type": "text/plain" };
    const { url } = await serve((_request, response) => response.writeHead(303, headers).end());
    const answer = await connect(url).request("/v1/reports");
    expect(await answer.json()).toEqual([1]);
    expect(answer.headers.get("rollcall-count")).toBe("1");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(place.seen[0]?.headers).not.toHaveProperty("x-api-key");
    const gone = await serve((_request, response) => response.writeHead(403).end());
    const astray = await serve((_request, response) =>
      response.writeHead(303, { location: gone.url.href }).end(),
    );
    expect((await fail(connect(astray.url))).message).toContain("answered 403; ask again");
  });

  it("doubts that a page of HTML is a Rollcall server", async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not Found</h1>"),
    );
    expect((await fail(connect(url))).message).toBe(
      `${url.origin} answered 404 Not Found; is it a Rollcall server?`,
    );
  });

  it.each([
    [200, "<html>Sign in</html>"],
    [200, '{"error":"login_required"}'],
    [204, ""],
    [304, ""],
    [303, ""],
  ])("takes a %d of something else for no answer, and does not try again", async (status, body) => {
    const { url, seen } = await serve((_request, response) => response.writeHead(status).end(body), {
      isRollcall: false,
    });
    const client = connect(url);
    const sent = client.request("/v1/reports/i-1", { method: "PUT", body: Buffer.from("{}") });
    await expect(sent).rejects.toThrow(
      new RegExp(`${url.origin} answered ${status} .*is it a Rollcall server`),
    );
    expect((await fail(client)).message).toContain("is it a Rollcall server?");
    expect(seen).toHaveLength(2);
  });

  it("takes what claims to be a problem and is none", async () => {
    const { url } = await serve((_request, response) =>
      response.writeHead(404, { "content-type": "application/problem+json" }).end("null"),
    );
    expect((await fail(connect(url))).message).toContain("404");
  });

  it("prints no control characters of a server", async () => {
    const { url } = await serve((_request, response) => answerProblem(response, 403, "\u001b[2J", "\u202e"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect((await fail(connect(url))).message).not.toMatch(/[\u001b\u202e]/);
  });

  it("says that nobody listens", async () => {
    const { url, stop } = await serve((_request, response) => response.end());
    await stop();
    const client = connect(url);
    const { message } = await fail(client);
    expect(message).toContain(`${url.origin} does not answer: `);
    expect(message).toContain("ECONNREFUSED");
    expect(client.told).toHaveLength(4);
  });

  it("ends at once when it is interrupted", async () => {
    const stop = new AbortController();
    const { url, seen } = await serve(() => stop.abort());
    await expect(connect(url, { signal: stop.signal }).request("/")).rejects.toThrow();
    expect(seen).toHaveLength(1);
  });

  it("ends at once when it is interrupted while it waits", async () => {
    const stop = new AbortController();
    const { url, seen } = await serve((_request, response) => response.writeHead(503).end());
    const client = createClient({
      url,
      key: KEY,
      signal: stop.signal,
      random: () => 1,
      onRetry: () => stop.abort(),
    });
    await expect(client.request("/")).rejects.toThrow();
    expect(seen).toHaveLength(1);
  });

  it("keeps the path of the server's URL", async () => {
    const { url, seen } = await serve((_request, response) => response.end());
    await connect(new URL("/rollcall/", url)).request("/v1/keys");
    expect(seen[0]?.url).toBe("/rollcall/v1/keys");
  });
});

it.each([
  ["http://127.0.0.1:1", false],
  ["http://[::1]:1", false],
  ["http://localhost", false],
  ["https://example.com", false],
  ["http://example.com", true],
  ["http://10.0.0.1", true],
])("%s is in the clear: %s", (url, expected) => {
  expect(isInTheClear(new URL(url))).toBe(expected);
});
