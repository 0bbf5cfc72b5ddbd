// Tests of listing EC2's instances, from a server that answers as EC2's documentation shows.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { listInstances } from "./ec2-instances.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

interface Asked {
  readonly query: URLSearchParams;
  readonly authorization: string;
}

async function startEc2(answer: (asked: Asked) => readonly [status: number, body: string]): Promise<string> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://ec2");
    const [status, body] = answer({
      query: searchParams,
      authorization: request.headers.authorization ?? "",
    });
    response.writeHead(status, { "content-type": "text/xml" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const list = (endpoint: string) =>
  listInstances("us-east-1", {
    env: { ...KEYS, AWS_ENDPOINT_URL_EC2: endpoint },
    clock: Date.now,
    signal: new AbortController().signal,
  });

const page = (ids: readonly string[], token?: string) =>
  `<DescribeInstancesResponse><reservationSet>${ids
    .map((id) => `<item><instancesSet><item><instanceId>${id}</instanceId></item></instancesSet></item>`)
    .join("")}</reservationSet>${token === undefined ? "" : `<nextToken>${token}</nextToken>`}` +
  "</DescribeInstancesResponse>";

it("takes the instances of every page, signed for the region", async () => {
  const asked: Asked[] = [];
  const endpoint = await startEc2((one) => {
    asked.push(one);
    return one.query.has("NextToken")
      ? [200, page(["i-0123456789abcdef2", "i-12345678", "no-instance"])]
      : [200, page(["i-0123456789abcdef1"], "a+b/c==")];
  });
  expect([...(await list(endpoint))]).toEqual(["i-0123456789abcdef1", "i-0123456789abcdef2", "i-12345678"]);
  expect(asked.map(({ query }) => query.get("NextToken"))).toEqual([null, "a+b/c=="]);
  for (const { query, authorization } of asked) {
    expect(authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/ec2\/aws4_request/);
    expect(query.get("Filter.1.Name")).toBe("instance-state-name");
    expect([1, 2].map((at) => query.get(`Filter.1.Value.${at}`))).toEqual(["pending", "running"]);
  }
});

const refusal = (code: string) => `<Response><Errors><Error><Code>${code}</Code></Error></Errors></Response>`;

it.each([
  [
    403,
    refusal("UnauthorizedOperation"),
    /answered 403 UnauthorizedOperation; .* need ec2:DescribeInstances/,
  ],
  [401, refusal("AuthFailure"), /answered 401 AuthFailure$/],
  [500, "no XML", /answered 500 500$/],
])("says what EC2 answered: %i %s", async (status, body, message) => {
  const asking = list(await startEc2(() => [status, body]));
  await expect(asking).rejects.toMatchObject({
    code: "ec2_refused",
    message: expect.stringMatching(message),
  });
});

it("says that EC2 was not reached", async () => {
  // A port that nothing listens at any more.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(list(`http://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: "ec2_failed",
    message: expect.stringMatching(/^EC2 in us-east-1: (?!\[store\])/),
  });
});

it("gives up on a list that never ends", async () => {
  const endpoint = await startEc2(() => [200, page([], "again")]);
  await expect(list(endpoint)).rejects.toMatchObject({ code: "ec2_too_many" });
});
