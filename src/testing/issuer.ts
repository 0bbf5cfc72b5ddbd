// For tests: an issuer of tokens on loopback, with real keys, and what can be wrong with it.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose/jwt/sign";
import { exportJWK, exportSPKI } from "jose/key/export";
import { generateKeyPair } from "jose/key/generate/keypair";
import { onTestFinished } from "vitest";
import type { Claims } from "../access/signed-token.ts";

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

export const AUDIENCE = "rollcall";

/** How it answers; by default as it should. */
type Answering = (response: ServerResponse, path: string) => void;

/** Starts an issuer with one key; it stops with the test. */
export async function startIssuer({ now }: { readonly now: () => number }) {
  const pairs = new Map<string, KeyPair & { readonly alg: string }>();
  const asked: string[] = [];
  let answering: Answering | undefined;
  const make = async (kid: string, alg = "ES256") => {
    pairs.set(kid, { ...(await generateKeyPair(alg, { extractable: true })), alg });
  };
  await make("first");

  const listKeys = () =>
    Promise.all(
      [...pairs].map(async ([kid, { publicKey, alg }]) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg,
        use: "sig",
      })),
    );
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    if (answering) answering(response, path);
    else if (path === "/.well-known/openid-configuration")
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    else if (path === "/keys") response.end(JSON.stringify({ keys: await listKeys() }));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const find = (kid: string) => {
    const pair = pairs.get(kid);
    if (!pair) throw new Error(`no key ${kid}`);
    return pair;
  };

  return {
    issuer,
    /** The paths that were asked for. */
    asked,
    make,
    remove: (kid: string) => pairs.delete(kid),
    exportKey: (kid = "first") => exportSPKI(find(kid).publicKey),
    privateKey: (kid = "first") => find(kid).privateKey,
    /** Answers otherwise; undefined: as it should again. */
    answer: (way: Answering | undefined) => {
      answering = way;
    },
    /** A token of an hour for AUDIENCE; claims that are undefined are left out. */
    sign: (claims: Claims = {}, { kid = "first", header = {} }: { kid?: string; header?: object } = {}) => {
      const seconds = Math.floor(now() / 1000);
      const usual = { iss: issuer, aud: AUDIENCE, sub: "ann", iat: seconds, exp: seconds + 3600 };
      const { privateKey, alg } = find(kid);
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
  };
}

/** A text in base64url. */
export function encode(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}
