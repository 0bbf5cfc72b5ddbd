// An OpenID Connect provider on loopback, whose one user is always signed in: what a sign-in proxy
// needs of one, with real keys (OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3).
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SignJWT } from "jose/jwt/sign";
import { exportJWK } from "jose/key/export";
import { generateKeyPair } from "jose/key/generate/keypair";

const KID = "one";
const TOKEN_S = 600;

export interface OidcIssuer {
  readonly issuer: string;
  /** A token as a program gets one that signs in by itself. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): void;
}

/** Starts it. @param user the claims of whoever signs in */
export async function startOidcIssuer(user: Readonly<Record<string, unknown>>): Promise<OidcIssuer> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  /** What was asked for, by the code that the browser carries. */
  const grants = new Map<string, { readonly audience: string; readonly nonce: string | undefined }>();

  const sign = (claims: Readonly<Record<string, unknown>>) =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: "RS256", kid: KID })
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_S}s`)
      .sign(privateKey);

  async function giveTokens(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const code = new URLSearchParams(await text(request)).get("code") ?? "";
    const grant = grants.get(code);
    grants.delete(code);
    if (!grant) {
      response.writeHead(400).end('{"error":"invalid_grant"}');
      return;
    }
    const { audience, nonce } = grant;
    const tokens = {
      access_token: randomUUID(),
      token_type: "Bearer",
      expires_in: TOKEN_S,
      id_token: await sign({ ...user, aud: audience, ...(nonce && { nonce }) }),
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(tokens));
  }

  function authorize({ searchParams }: URL, response: ServerResponse): void {
    const code = randomUUID();
    grants.set(code, {
      audience: searchParams.get("client_id") ?? "",
      nonce: searchParams.get("nonce") ?? undefined,
    });
    const back = new URL(searchParams.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", searchParams.get("state") ?? "");
    response.writeHead(302, { location: back.href }).end();
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", issuer);
    const give = (document: unknown) =>
      response.setHeader("content-type", "application/json").end(JSON.stringify(document));
    if (url.pathname === "/.well-known/openid-configuration")
      give({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    else if (url.pathname === "/keys")
      give({ keys: [{ ...(await exportJWK(publicKey)), kid: KID, alg: "RS256", use: "sig" }] });
    else if (url.pathname === "/authorize") authorize(url, response);
    else if (url.pathname === "/token") await giveTokens(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    sign,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
