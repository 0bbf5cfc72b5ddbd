// Buckets on the tests' S3 server, and requests to it that no store would make: raw keys, bucket
// policies, presigned URLs.
import aws4 from "aws4";
import { Client } from "undici";
import type { S3Server, S3User } from "./server.ts";

/** What the server takes for any region's name in a signature. */
const REGION = "us-east-1";

type Server = Pick<S3Server, "endpoint" | "user">;

export interface SignedRequest {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** With the bucket, percent-encoded; and the query, if any. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Whose keys sign; else those of the server's user. */
  readonly user?: S3User;
  readonly service?: "s3" | "sts";
}

/**
 * Sends one request, signed, its path as it stands: fetch would resolve a `..` in it. @throws Error
 * with the server's answer unless that is 2xx
 */
export async function signedFetch(server: Server, request: SignedRequest): Promise<Response> {
  const { method = "GET", path, body = "", user = server.user, service = "s3" } = request;
  const { host } = new URL(server.endpoint);
  const unsigned = { host, method, path, body, service, region: REGION, headers: { ...request.headers } };
  const { headers = {} } = aws4.sign(unsigned, user);
  const client = new Client(server.endpoint);
  try {
    const answer = await client.request({
      method,
      path,
      body: body || null,
      headers: headers as Record<string, string>,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
    return new Response(text || null, {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
    });
  } finally {
    await client.close();
  }
}

/**
 * Makes a bucket, empty, for the server's user. A name that starts with the test file's own keeps
 * tests apart.
 */
export async function makeBucket(server: Server, name: string): Promise<void> {
  await signedFetch(server, { method: "PUT", path: `/${name}` });
}

/** Puts an object under any key at all. */
export async function putRaw(
  server: Server,
  bucket: string,
  key: string,
  body: string,
  user?: S3User,
): Promise<void> {
  await signedFetch(server, {
    method: "PUT",
    path: `/${bucket}/${encodeKey(key)}`,
    body,
    ...(user && { user }),
  });
}

/** Sets who else may do what with a bucket: a policy as AWS's "Bucket policies" describes it. */
export async function putPolicy(
  server: Server,
  bucket: string,
  statements: readonly object[],
  user?: S3User,
): Promise<void> {
  const body = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  await signedFetch(server, { method: "PUT", path: `/${bucket}?policy`, body, ...(user && { user }) });
}

/**
 * Makes a URL that lets whoever holds it make one request.
 *
 * @param expiresIn seconds from now
 * @param now ms since the epoch: when it is signed
 */
export function presign(
  server: Server,
  { method, path, expiresIn, now }: { method: "GET" | "PUT"; path: string; expiresIn: number; now: number },
): string {
  const { host } = new URL(server.endpoint);
  const date = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const query = `X-Amz-Expires=${expiresIn}&X-Amz-Date=${date}`;
  const unsigned = { host, method, path: `${path}?${query}`, service: "s3", region: REGION, signQuery: true };
  return `${server.endpoint}${aws4.sign(unsigned, server.user).path ?? ""}`;
}

/**
 * encodeURIComponent leaves `!'()*`, which signatures need encoded (AWS, "Create a signed request",
 * UriEncode).
 */
function encodeKey(key: string): string {
  const encoded = encodeURIComponent(key).replaceAll("%2F", "/");
  return encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
