// Tests of asking STS who we are, against a server on loopback that answers as AWS documents it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { USUAL_FORM } from "../network/aws-address.ts";
import { openStore } from "./open.ts";
import { StoreError } from "./store.ts";
import { findStsEndpoint, parseCaller } from "./sts.ts";

/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html, the example for a
 * role.
 */
const ANSWER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
  <Arn>arn:aws:sts::123456789012:assumed-role/my-role-name/i-0123456789abcdef0</Arn>
    <UserId>ARO123EXAMPLE123:i-0123456789abcdef0</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>`;

async function openWithSts(status: number, body: string) {
  const requests: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url, authorization: request.headers.authorization });
    response.writeHead(status, { "content-type": "text/xml" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const env = {
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  const store = await openStore("s3://reports?region=ap-northeast-1", { clock: Date.now, env });
  onTestFinished(() => store.close?.());
  return { store, requests };
}

it("gives account and user id, by a signed request", async () => {
  const { store, requests } = await openWithSts(200, ANSWER);
  expect(await store.identify?.()).toEqual({
    account: "123456789012",
    userId: "ARO123EXAMPLE123:i-0123456789abcdef0",
  });
  expect(requests).toEqual([
    {
      url: "/?Action=GetCallerIdentity&Version=2011-06-15",
      authorization: expect.stringMatching(
        /Credential=AKIDEXAMPLE\/\d{8}\/ap-northeast-1\/sts\/aws4_request/,
      ),
    },
  ]);
});

it("says what STS said", async () => {
  const { store } = await openWithSts(
    403,
    "<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>",
  );
  await expect(store.identify?.()).rejects.toThrow(/403 ExpiredToken/);
  const { store: lying } = await openWithSts(200, "<html>");
  await expect(lying.identify?.()).rejects.toThrow(StoreError);
});

it.each([20, -20])("signs by STS's clock where its own is %d minutes off, and remembers", async (minutes) => {
  const dates: string[] = [];
  const server = createServer((request, response) => {
    const date = String(request.headers["x-amz-date"]);
    dates.push(date);
    const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)?.map(Number) ?? [];
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
    const isNear = Math.abs(Date.UTC(year, month - 1, day, hour, minute, second) - Date.now()) < 15 * 60_000;
    const refusal = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>";
    response.writeHead(isNear ? 200 : 403, { "content-type": "text/xml" }).end(isNear ? ANSWER : refusal);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const env = {
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  const clock = () => Date.now() + minutes * 60_000;
  const store = await openStore("s3://reports?region=ap-northeast-1", { clock, env });
  onTestFinished(() => store.close?.());
  expect(await store.identify?.()).toMatchObject({ account: "123456789012" });
  expect(await store.identify?.()).toMatchObject({ account: "123456789012" });
  expect(dates).toHaveLength(3);
});

it("asks nobody for a store that is not AWS's", async () => {
  const store = await openStore("s3://reports?endpoint=http://127.0.0.1:1", {
    clock: Date.now,
    env: { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "y" },
  });
  expect(await store.identify?.()).toBeUndefined();
});

it("takes no answer that is not of its form", () => {
  expect(parseCaller(ANSWER.replace("123456789012</Account>", "1</Account>"))).toBeUndefined();
  expect(parseCaller(ANSWER.replace("ARO123EXAMPLE123", "../x"))).toBeUndefined();
});

const BUCKET = { region: "us-east-1", origin: "", basePath: "", isAws: true, form: USUAL_FORM };

it.each([
  [
    "the host's own region's",
    {},
    "ap-northeast-1",
    "https://sts.ap-northeast-1.amazonaws.com",
    "ap-northeast-1",
  ],
  [
    "that of the environment",
    { AWS_REGION: "eu-west-1" },
    undefined,
    "https://sts.eu-west-1.amazonaws.com",
    "eu-west-1",
  ],
  [
    "the bucket's, where no other is known",
    {},
    undefined,
    "https://sts.us-east-1.amazonaws.com",
    "us-east-1",
  ],
  [
    "the bucket's, where the host is in another partition",
    {},
    "cn-north-1",
    "https://sts.us-east-1.amazonaws.com",
    "us-east-1",
  ],
  [
    "a VPC endpoint's own name, which says its region",
    { AWS_ENDPOINT_URL_STS: "https://vpce-1a-2b.sts.eu-west-1.vpce.amazonaws.com" },
    "ap-northeast-1",
    "https://vpce-1a-2b.sts.eu-west-1.vpce.amazonaws.com",
    "eu-west-1",
  ],
])("asks %s STS", (_name, env, ownRegion, origin, region) => {
  const found = findStsEndpoint(BUCKET, env, ownRegion);
  expect(found && { origin: found.url.origin, region: found.region }).toEqual({ origin, region });
});

it("asks the STS with FIPS where the bucket is asked so, and in China China's", () => {
  const fips = { ...BUCKET, form: { isFips: true, isDualStack: false } };
  expect(findStsEndpoint(fips, {}, "us-east-2")?.url.host).toBe("sts-fips.us-east-2.amazonaws.com");
  const china = { ...BUCKET, region: "cn-north-1" };
  expect(findStsEndpoint(china, {}, "cn-northwest-1")?.url.host).toBe("sts.cn-northwest-1.amazonaws.com.cn");
});

it("tells who signs, and of another server nothing", async () => {
  const { store } = await openWithSts(200, ANSWER);
  expect(await store.readSigner?.()).toBe("AKIDEXAMPLE");
  const other = await openStore("s3://reports?endpoint=http://127.0.0.1:1", {
    clock: Date.now,
    env: { AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "y" },
  });
  expect(await other.readSigner?.()).toBeUndefined();
});

it("gives up an STS that never answers within seconds, and when it is told to", async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const env = {
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
  };
  const store = await openStore("s3://reports?region=ap-northeast-1", { clock: Date.now, env });
  onTestFinished(() => store.close?.());
  const stop = new AbortController();
  const asked = new Promise((resolve) => server.once("request", resolve));
  const stopped = expect(store.identify?.({ signal: stop.signal })).rejects.toThrow("told to");
  await asked;
  stop.abort(new Error("told to"));
  await stopped;
  const beganAt = performance.now();
  await expect(store.identify?.()).rejects.toMatchObject({ name: "Unavailable" });
  // Without a bound of its own it would be the store's, of some 20 s and another try.
  expect(performance.now() - beganAt).toBeLessThan(15_000);
}, 30_000);
