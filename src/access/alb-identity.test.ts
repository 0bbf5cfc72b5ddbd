// Tests of tokens by an AWS load balancer, made as AWS's page describes them, with keys at an
// address on loopback.
import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign as signBytes,
} from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { AccessError } from "./access-error.ts";
import { type AlbIdentityOptions, createAlbVerifier, isAlbArn, locateAlbKeys } from "./alb-identity.ts";

const ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
const KID = "12345678-1234-1234-1234-123456789012";

/** With padding, as load balancers write it. */
function pad(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

async function setUp(more: Partial<AlbIdentityOptions> = {}) {
  let now = Date.UTC(2026, 1, 28, 23, 59);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pems = new Map([[KID, publicKey.export({ format: "pem", type: "spki" }) as string]]);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const pem = pems.get(path.slice(1));
    if (pem === undefined) response.writeHead(404).end();
    else response.end(pem);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const keysAddress = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const options: AlbIdentityOptions = { kind: "aws-alb", signers: [ARN], clients: [], keysAddress, ...more };
  const verifier = createAlbVerifier(options, { clock: () => now, fetch });
  const seconds = () => Math.floor(now / 1000);
  const sign = (header: object = {}, claims: object = {}, key: KeyObject = privateKey) => {
    const head = {
      typ: "JWT",
      alg: "ES256",
      kid: KID,
      signer: ARN,
      iss: "https://idp",
      client: "c",
      exp: seconds() + 120,
      ...header,
    };
    const input = `${pad(head)}.${pad({ sub: "1234", email: "ann@example.com", ...claims })}`;
    const signature = signBytes("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64").replaceAll("+", "-").replaceAll("/", "_")}`;
  };
  const verify = async (token: string): Promise<unknown> => {
    try {
      return (await verifier.verify(token)).claims;
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      return `${error.code}: ${error.message}`;
    }
  };
  return { sign, verify, asked, pems, seconds, advance: (ms: number) => (now += ms) };
}

const refused = (words: string) => expect.stringMatching(new RegExp(`^token_refused: .*${words}`));

it("opens with a token of the load balancer, whose key is fetched once", async () => {
  const { sign, verify, asked } = await setUp();
  const token = sign();
  expect(token).toContain("=.");
  const both = await Promise.all([verify(token), verify(token)]);
  for (const one of both) expect(one).toMatchObject({ sub: "1234", email: "ann@example.com" });
  expect(asked).toEqual([`/${KID}`]);
});

it.each([
  ["another load balancer", { signer: ARN.replace("web", "evil") }, "signer"],
  ["nobody", { signer: undefined }, "signer"],
  ["a list", { signer: [ARN] }, "signer"],
  ["another algorithm", { alg: "HS256" }, "HS256"],
  ["none", { alg: "none" }, "none"],
  ["a path for a key", { kid: "../../../etc/passwd" }, "UUID"],
  ["a key with a path behind", { kid: `${KID}/../x` }, "UUID"],
  ["a key with a query", { kid: `${KID}?x` }, "UUID"],
  ["a key on another host", { kid: "//evil.example/x" }, "UUID"],
  ["a key and a line", { kid: `${KID}\n` }, "UUID"],
  ["no key", { kid: undefined }, "UUID"],
])("refuses %s before it asks for a key", async (_name, header, words) => {
  const { sign, verify, asked } = await setUp();
  expect(await verify(sign(header))).toEqual(refused(words));
  expect(asked).toEqual([]);
});

it.each([
  ["no end", { exp: undefined }, {}, "when it ends"],
  ["an end in words", { exp: "tomorrow" }, {}, "when it ends"],
  ["an end that has come", { exp: 1 }, {}, "expired \\(1970"],
  ["an end in its claims that has come", {}, { exp: 1 }, "expired \\(1970"],
  ["a critical header", { crit: ["x"], x: 1 }, {}, "none that can be used"],
])("refuses %s", async (_name, header, claims, words) => {
  const { sign, verify } = await setUp();
  expect(await verify(sign(header, claims))).toEqual(refused(words));
});

it("refuses what another key signed, or was changed", async () => {
  const { sign, verify } = await setUp();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect(await verify(sign({}, {}, privateKey))).toEqual(refused("signature is not by the key"));
  const [head = "", , end = ""] = sign().split(".");
  expect(await verify(`${head}.${pad({ sub: "root" })}.${end}`)).toEqual(refused("signature"));
});

it("takes the clients alone that are named", async () => {
  const { sign, verify } = await setUp({ clients: ["staff"] });
  expect(await verify(sign({ client: "staff" }))).toMatchObject({ sub: "1234" });
  expect(await verify(sign({ client: "customers" }))).toEqual(refused('"customers"'));
});

it("asks for ten unknown keys a minute, and those that are known open meanwhile", async () => {
  const { sign, verify, asked, advance } = await setUp();
  expect(await verify(sign())).toMatchObject({ sub: "1234" });
  const answers = [];
  for (let time = 0; time < 12; time++) answers.push(await verify(sign({ kid: randomUUID() })));
  expect(answers.slice(0, 9)).toEqual(Array(9).fill(refused("does not have")));
  expect(answers.slice(9)).toEqual(Array(3).fill(expect.stringMatching(/^issuer_unavailable: 10 keys/)));
  expect(asked).toHaveLength(10);
  expect(await verify(sign())).toMatchObject({ sub: "1234" });
  advance(60_000);
  expect(await verify(sign({ kid: randomUUID() }))).toEqual(refused("does not have"));
});

it("cannot tell where the answer is no key", async () => {
  const { sign, verify, pems } = await setUp();
  const rsa = createPublicKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
  for (const [kid, text] of [
    [randomUUID(), "<Error>"],
    [randomUUID(), rsa.export({ format: "pem", type: "spki" }) as string],
    [randomUUID(), ""],
  ] as const) {
    pems.set(kid, text);
    expect(await verify(sign({ kid }))).toEqual(
      expect.stringMatching(/^issuer_unavailable: .*no public key/),
    );
  }
});

it.each([
  [ARN, "https://public-keys.auth.elb.eu-west-1.amazonaws.com"],
  [
    "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/a/0123456789abcdef",
    "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1",
  ],
  [
    "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:loadbalancer/app/a/0123456789abcdef",
    "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn",
  ],
  [
    "arn:aws-iso:elasticloadbalancing:us-iso-east-1:123456789012:loadbalancer/app/a/0123456789abcdef",
    undefined,
  ],
])("knows where the keys of %s are", (arn, address) => {
  expect(isAlbArn(arn)).toBe(true);
  expect(locateAlbKeys(arn)).toBe(address);
});

it.each([
  "",
  "web",
  ARN.replace("/app/", "/net/"),
  ARN.replace("eu-west-1", "evil.example/x"),
  ARN.replace("eu-west-1", ""),
  `${ARN}\n`,
  ` ${ARN}`,
])("takes %j for no load balancer", (text) => {
  expect(isAlbArn(text)).toBe(false);
});
