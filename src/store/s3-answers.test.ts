// What the s3 driver makes of answers that the tests' S3 server never gives, and AWS does: from a
// server that says what it is told.
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { s3Store } from "./s3.ts";
import type { Credentials } from "./s3-signature.ts";
import { parseS3Url } from "./s3-url.ts";
import { PreconditionFailed, type Store, StoreError, Unavailable, Unreadable } from "./store.ts";

const LIMIT = { maxBytes: 1024 };

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const fail = (status: number, code: string, message = "", headers = {}): Answer => ({
  status,
  headers,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

async function open(
  answers: readonly Answer[],
  load?: () => Promise<Credentials>,
): Promise<{ store: Store; seen: IncomingMessage[] }> {
  const waiting = [...answers];
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const { status, headers = {}, body = "" } = waiting.shift() ?? fail(500, "Unexpected");
    request
      .resume()
      .on("end", () => response.writeHead(status, headers).end(request.method === "HEAD" ? "" : body));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const store = await s3Store({
    location: parseS3Url(`s3://bucket?region=eu-west-1&endpoint=http://127.0.0.1:${port}`),
    credentials: load ?? (async () => ({ accessKeyId: "id", secretAccessKey: "secret" })),
    env: {},
    clock: () => Date.now(),
  });
  onTestFinished(async () => {
    await store.close?.();
    await new Promise((resolve) => server.close(resolve));
  });
  return { store, seen };
}

const FOUND: Answer = {
  status: 200,
  headers: { etag: '"e"', "last-modified": "Thu, 29 Feb 2024 23:59:59 GMT" },
  body: "x",
};

it.each([
  [fail(403, "InvalidAccessKeyId"), StoreError, "the server does not know the access key id"],
  [fail(403, "SignatureDoesNotMatch"), StoreError, "the secret key is wrong"],
  [fail(403, "AccountProblem"), StoreError, "closed or limited the bucket's account"],
  [fail(400, "InvalidToken"), StoreError, "the session token is wrong"],
  [fail(403, "AccessDenied", "not authorized"), Unreadable, "AccessDenied: not authorized"],
  [fail(403, "InvalidObjectState"), Unreadable, "InvalidObjectState"],
  [
    fail(301, "PermanentRedirect", "", { "x-amz-bucket-region": "us-west-2" }),
    StoreError,
    'lies in "us-west-2", not eu-west-1; write ?region=us-west-2',
  ],
  [
    { ...fail(301, "PermanentRedirect"), headers: { location: "http://elsewhere:9000/bucket/x" } },
    StoreError,
    'leads to "http://elsewhere:9000", which is not followed; write it as ?endpoint=',
  ],
  [
    fail(301, "PermanentRedirect", "</Message><Endpoint>b.example.com</Endpoint><Message>"),
    StoreError,
    'leads to "b.example.com"',
  ],
  [fail(400, "RequestTimeout"), Unavailable, "RequestTimeout"],
  [fail(429, "TooManyRequests"), Unavailable, "TooManyRequests"],
  [fail(502, ""), Unavailable, "status 502"],
  [
    { status: 404, body: "<html>not here</html>" },
    StoreError,
    "answered 404 without an S3 error; is it an S3 server?",
  ],
  [{ status: 200, body: "<html>welcome</html>" }, StoreError, "no ETag or no time"],
  [fail(418, "Odd\n\u001b[31m", "a\nb"), StoreError, "cannot read"],
] as const)("get, case %#: %j", async (answer, type, message) => {
  const { store } = await open([answer]);
  const error = await store.get("reports/v1/local/i-1.json", LIMIT).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(type);
  expect((error as Error).constructor).toBe(type);
  expect(String(error)).toContain(message);
  expect(String(error)).toMatch(/^[ -~]*$/);
});

it.each([
  [{ ifMatch: "e" }, fail(409, "ConditionalRequestConflict")],
  [{ ifMatch: "e" }, fail(404, "NoSuchKey")],
  [{ ifNoneMatch: "*" as const }, fail(412, "PreconditionFailed")],
])("put with %j: %j is a condition that does not hold", async (options, answer) => {
  const { store } = await open([answer]);
  await expect(store.put("a", Buffer.from("x"), options)).rejects.toThrow(PreconditionFailed);
});

it("hands on how long the server wants to be left alone, bounded", async () => {
  const { store } = await open([
    fail(503, "SlowDown", "", { "retry-after": "7" }),
    fail(503, "SlowDown", "", { "retry-after": "9999999" }),
    fail(503, "SlowDown", "", {
      "retry-after": "Thu, 29 Feb 2024 23:59:59 GMT",
      date: "Thu, 29 Feb 2024 23:59:50 GMT",
    }),
  ]);
  const times: unknown[] = [];
  for (let turn = 0; turn < 3; turn++) {
    times.push(
      await store
        .get("a", LIMIT)
        .catch((error: unknown) => (error instanceof Unavailable ? error.retryAfterMs : error)),
    );
  }
  expect(times).toEqual([7000, 24 * 3_600_000, 9000]);
});

it("gets other credentials once when a session has ended, and tries again", async () => {
  let count = 0;
  const load = async () => ({
    accessKeyId: `id-${++count}`,
    secretAccessKey: "s",
    sessionToken: `token-${count}`,
  });
  const { store, seen } = await open(
    [fail(400, "ExpiredToken"), FOUND, fail(400, "ExpiredToken"), fail(400, "ExpiredToken")],
    load,
  );
  expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
  expect(seen.map(({ headers }) => headers["x-amz-security-token"])).toEqual(["token-1", "token-2"]);
  await expect(store.get("a", LIMIT)).rejects.toThrow("ExpiredToken; the session has expired; sign in again");
  expect(seen).toHaveLength(4);
});

it(
  "signs for the region that a server names, from then on, and asks it no more than " + "bounded times",
  async () => {
    const wrong = {
      ...fail(
        400,
        "AuthorizationHeaderMalformed",
        "the region is wrong</Message><Region>garage</Region><Message>",
      ),
    };
    const { store, seen } = await open([wrong, FOUND, FOUND]);
    for (let turn = 0; turn < 2; turn++) expect((await store.get("a", LIMIT))?.body.toString()).toBe("x");
    const regions = seen.map(
      ({ headers }) => /Credential=id\/\d+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1],
    );
    expect(regions).toEqual(["eu-west-1", "garage", "garage"]);

    const other = {
      ...fail(400, "AuthorizationHeaderMalformed", "</Message><Region>eu-west-1</Region><Message>"),
    };
    const fickle = await open([wrong, other, wrong, other, wrong, other]);
    await expect(fickle.store.get("a", LIMIT)).rejects.toThrow(
      /it lies in "[\w-]+", not [\w-]+; write \?region=/,
    );
    expect(fickle.seen).toHaveLength(4);
  },
);

it("takes no body that says neither its length nor where it ends", async () => {
  const server = createTcpServer((socket) =>
    socket.on("data", () =>
      socket.end(
        'HTTP/1.1 200 OK\r\nConnection: close\r\nETag: "e"\r\nLast-Modified: Thu, 29 ' +
          "Feb 2024 23:59:59 GMT\r\n\r\nhal",
      ),
    ),
  );
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const store = await s3Store({
    location: parseS3Url(`s3://bucket?endpoint=http://127.0.0.1:${port}`),
    credentials: async () => ({ accessKeyId: "id", secretAccessKey: "secret" }),
    env: {},
    clock: () => Date.now(),
  });
  onTestFinished(async () => {
    await store.close?.();
    await new Promise((resolve) => server.close(resolve));
  });
  await expect(store.get("a", LIMIT)).rejects.toThrow(/sent 3 bytes of a body without an end/);
});

it("is called rollcall, and signs what it sends", async () => {
  const { store, seen } = await open([{ status: 200, headers: { etag: '"e"' } }]);
  const { etag, size } = await store.put("a.json", Buffer.from("{}"), { ifNoneMatch: "*" });
  expect([etag, size]).toEqual(["e", 2]);
  const [request] = seen;
  expect(request?.headers["user-agent"]).toBe("rollcall");
  expect(request?.headers["content-type"]).toBe("application/json");
  expect(request?.headers.authorization).toContain(
    "SignedHeaders=content-type;host;if-none-match;x-amz-content-sha256;x-amz-date,",
  );
});

it("refuses a listing that never moves on", async () => {
  const page = `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents><Key>a</Key><LastModified>2024-02-29T23:59:59Z</LastModified><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`;
  const { store, seen } = await open([
    { status: 200, body: page },
    { status: 200, body: page },
  ]);
  const read = async () => {
    for await (const entries of store.list("")) expect(entries).toHaveLength(1);
  };
  await expect(read()).rejects.toThrow('it lists "a", and was asked for what comes after "a"');
  expect(seen).toHaveLength(2);
});

it.each([
  [
    "… is not authorized … because no VPC endpoint policy allows the s3:PutObject action",
    "the policy of the VPC endpoint has to let this bucket through",
  ],
  ["… with an explicit deny in a resource-based policy", "the bucket's policy leaves it out"],
  [
    "… because no identity-based policy allows the s3:PutObject action",
    "attach the policy of rollcall-hosts",
  ],
  ["… with an explicit deny in a service control policy", "an organization's policy forbids it"],
  ["… because no permissions boundary allows it", "the role's permissions boundary"],
  ["Access Denied", "docs/stores/s3.md lists the rights"],
])("a refusal that says %j names the policy to look at", async (message, advice) => {
  const { store } = await open([fail(403, "AccessDenied", message)]);
  const error = await store.put("a", Buffer.from("x")).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: "StoreError",
    hop: "policy",
    message: expect.stringContaining(advice),
  });
});
