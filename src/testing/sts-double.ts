// For tests: an STS on loopback that checks Signature Version 4 by itself, as AWS documents it, and
// answers as STS does.
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface StsSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly account: string;
  /** What stands in the ARN after the account, such as `assumed-role/web/i-0123456789abcdef0`. */
  readonly principal: string;
}

export interface StsAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StsDouble {
  readonly endpoint: string;
  /** What was asked, in order: the path, the body and the headers. */
  readonly requests: {
    readonly path: string;
    readonly body: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** What is answered to a signature that is right, in the place of the usual. */
  answer: ((usual: StsAnswer) => StsAnswer) | undefined;
  close(): Promise<void>;
}

const MAX_SIGNATURE_AGE_MS = 15 * 60_000;

/** Starts it. @param sessions those that it knows */
export async function startStsDouble(
  sessions: readonly StsSession[],
  clock: () => number = Date.now,
): Promise<StsDouble> {
  const requests: StsDouble["requests"] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    requests.push({ path: request.url ?? "", body, headers: request.headers });
    const usual = decide(request, body, sessions, clock());
    const { status, headers, body: text } = usual.status === 200 ? (double.answer?.(usual) ?? usual) : usual;
    response.writeHead(status, { "content-type": "text/xml", ...headers }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const double: StsDouble = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: undefined,
    close: () =>
      new Promise((resolve, reject) => {
        if (!server.listening) return resolve();
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
  return double;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

function refuse(code: string): StsAnswer {
  const body =
    "<ErrorResponse " +
    `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>No.</Message></Error><RequestId>0</RequestId></ErrorResponse>`;
  return { status: 403, body };
}

/** AWS, "Create a signed AWS API request": the steps there, from what arrived. */
function decide(
  request: IncomingMessage,
  body: string,
  sessions: readonly StsSession[],
  now: number,
): StsAnswer {
  const [, id, date, region, names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/sts\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? "",
    ) ?? [];
  const session = sessions.find(({ accessKeyId }) => accessKeyId === id);
  const header = (name: string) =>
    request.headersDistinct[name]?.map((value) => value.trim()).join(",") ?? "";
  if (!session || header("x-amz-security-token") !== session.sessionToken)
    return refuse("InvalidClientTokenId");
  const signed = names.split(";");
  // AWS: host and every x-amz- header that is sent must be signed.
  const needed = ["host", ...Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"))];
  if (needed.some((name) => !signed.includes(name))) return refuse("SignatureDoesNotMatch");
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const canonical = [
    request.method,
    path,
    query,
    ...signed.map((name) => `${name}:${header(name)}`),
    "",
    names,
    sha256(body),
  ].join("\n");
  const time = header("x-amz-date");
  const text = `AWS4-HMAC-SHA256\n${time}\n${date}/${region}/sts/aws4_request\n${sha256(canonical)}`;
  const key = ["sts", "aws4_request"].reduce(
    hmac,
    hmac(hmac(`AWS4${session.secretAccessKey}`, date ?? ""), region ?? ""),
  );
  if (hmac(key, text).toString("hex") !== signature) return refuse("SignatureDoesNotMatch");
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(at - now) <= MAX_SIGNATURE_AGE_MS) || !time.startsWith(date ?? ""))
    return refuse("SignatureDoesNotMatch");
  if (new URLSearchParams(body || query).get("Action") !== "GetCallerIdentity") return refuse("AccessDenied");
  return { status: 200, body: formatAnswer(session) };
}

/**
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html, the example for a
 * role.
 */
export function formatAnswer({ account, principal }: Pick<StsSession, "account" | "principal">): string {
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:sts::${account}:${principal}</Arn>
    <UserId>AROA123EXAMPLE123:${principal.split("/").at(-1)}</UserId>
    <Account>${account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}
