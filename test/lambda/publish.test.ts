// The publisher's function under AWS's runtime client: from the real S3 server to a DocBase on
// loopback, its token from a Parameter Store on loopback.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, inject, it, onTestFinished } from "vitest";
import { formatUpdateDate } from "../../src/report/update-date.ts";
import { openStore } from "../../src/store/open.ts";
import { startDocbase } from "../../src/testing/docbase.ts";
import { makeBucket } from "../s3/bucket.ts";
import { startFunction } from "./function.ts";

const server = inject("s3");

/** Answers GetParameter as AWS documents it. */
async function startParameterStore(values: Readonly<Record<string, string>>): Promise<string> {
  const store = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { Name, WithDecryption } = JSON.parse(Buffer.concat(chunks).toString());
    const isSigned = /AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/us-east-1\/ssm\/aws4_request/.test(
      request.headers.authorization ?? "",
    );
    const value = values[Name];
    const isAsked =
      request.headers["x-amz-target"] === "AmazonSSM.GetParameter" && WithDecryption === true && isSigned;
    if (!isAsked || value === undefined)
      return response.writeHead(400).end('{"__type":"com.amazonaws.ssm#ParameterNotFound"}');
    response.end(JSON.stringify({ Parameter: { Name, Type: "SecureString", Value: value } }));
  });
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void store.close());
  return `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
}

it("publishes from the bucket, and nothing twice", async () => {
  const docbase = await startDocbase();
  onTestFinished(() => docbase.stop());
  await makeBucket(server, "lambda-publish");
  const env = {
    ROLLCALL_STORE: `s3://lambda-publish?region=us-east-1&endpoint=${server.endpoint}`,
    AWS_ACCESS_KEY_ID: server.user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
    AWS_ENDPOINT_URL_SSM: await startParameterStore({ "/rollcall/docbase-token": docbase.token }),
  };
  const store = await openStore(env.ROLLCALL_STORE, { clock: Date.now, env });
  for (const [at, service] of ["web", "web", "batch"].entries()) {
    const report = {
      update_date: formatUpdateDate(Date.now()),
      instance_id: `i-${at}`,
      instance_name: `prod_${service}_${at}`,
      app_version: `1.${at}`,
    };
    await store.put(`reports/v1/local/i-${at}.json`, Buffer.from(JSON.stringify(report)));
  }
  const wiki = {
    kind: "docbase",
    team: docbase.team,
    base_url: docbase.url,
    token_parameter: "/rollcall/docbase-token",
  };
  const start = async (publishers: object, more: Readonly<Record<string, string>> = {}) => {
    const fn = await startFunction({
      handler: "index.publish",
      env: { ...env, ...more, ROLLCALL_PUBLISHERS: JSON.stringify(publishers) },
    });
    onTestFinished(() => fn.stop());
    return async () => {
      const invocation = await fn.invoke({});
      let text = "";
      for await (const chunk of invocation.body) text += chunk.toString();
      return { text, error: invocation.readError(), log: fn.log };
    };
  };
  const publish = await start({ wiki });
  expect(JSON.parse((await publish()).text)).toMatchObject({ wiki: { created: 3 } });
  expect((await docbase.posts()).map(({ title }) => title)).toEqual([
    "What runs where",
    "What runs where: web",
    "What runs where: batch",
  ]);
  const { text, log } = await publish();
  expect(JSON.parse(text)).toMatchObject({ wiki: { created: 0, updated: 0, unchanged: 3 } });
  expect(log).not.toContain(docbase.token);

  const fails = await start({ other: { ...wiki, token_parameter: "/rollcall/nothing" } });
  const failed = await fails();
  expect(failed.error).toBeDefined();
  expect(failed.text).toContain("the parameter /rollcall/nothing cannot be read: ParameterNotFound");

  const mistaken = await (await start({ wiki }, { ROLLCALL_WITHIN: "soon" }))();
  expect(mistaken.error).toBeDefined();
  expect(mistaken.text).toContain("ROLLCALL_WITHIN: should be a span of time such as");
  await store.close?.();
});
