// For tests: an AWS account on loopback, for the real AWS CLI: CloudFormation, the bucket for
// templates and programs, and what is asked of IAM, Lambda and API Gateway.
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CloudFormation, ValidationError } from "./cloudformation.ts";

/** Where the CLI's own data says, by service and version, how an address is made. */
const SERVICES = [
  "cloudformation/2010-05-15",
  "sts/2011-06-15",
  "s3/2006-03-01",
  "lambda/2015-03-31",
  "apigateway/2015-07-09",
  "iam/2010-05-08",
];

/** AWS keeps so many from being reserved. */
const KEPT_CONCURRENCY = 100;

export interface ApiKey {
  readonly name: string;
  readonly enabled: boolean;
  readonly isInPlan: boolean;
}

export interface Account {
  readonly cloudFormation: CloudFormation;
  /** What was asked of CloudFormation. */
  readonly requests: URLSearchParams[];
  /** The paths by which API Gateway was told to use an API as it now is. */
  readonly apiDeployments: string[];
  /** API Gateway's keys by id, and whether the API's usage plan has them. */
  readonly apiKeys: Map<string, ApiKey>;
  /** Stacks whose deployment fails half way. */
  readonly failing: Set<string>;
  /** Concurrent executions that are not reserved. */
  unreserved: number;
  /** The role by which API Gateway logs. */
  logRole: string | undefined;
  /** The names of managed policies, which are the same in all regions. */
  readonly policies: Set<string>;
  /** The keys of what was put into buckets, after their bucket. */
  readonly uploads: ReadonlyMap<string, string>;
  /** What makes the CLI ask here. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Opens an account that has nothing. @param home a folder for what the CLI reads */
export async function openAccount(home: string): Promise<Account> {
  const uploads = new Map<string, string>();
  const cloudFormation = new CloudFormation({
    fetchTemplate: (url) => {
      const [, , ...key] = new URL(url).pathname.split("/");
      return uploads.get(`/${key.join("/")}`) ?? "";
    },
    fails: ({ stackName, type, parameters: { ReservedConcurrency = "0" } }) => {
      const reserved = Number(ReservedConcurrency) === 0 ? 0 : Number(ReservedConcurrency) + 1;
      const hasRoom = reserved === 0 || account.unreserved - reserved >= KEPT_CONCURRENCY;
      return account.failing.has(stackName) || (type === "CREATE" && !hasRoom);
    },
  });

  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const answer = (status: number, type: string, text: string) =>
      response.writeHead(status, { "content-type": type }).end(text);
    if (/^\/(restapis|apikeys|usageplans)\//.test(`${pathname}/`)) {
      const told = answerApiGateway(request.method ?? "", pathname, body, account);
      answer(told === undefined ? 404 : 200, "application/json", JSON.stringify(told ?? {}));
    } else if (request.method === "POST") {
      const asked = new URLSearchParams(body);
      account.requests.push(asked);
      const { status, text } = answerQuery(asked, account);
      answer(status, "text/xml", text);
    } else if (request.method === "PUT") {
      uploads.set(pathname, body);
      answer(200, "text/xml", "");
    } else if (pathname.includes("account-settings")) {
      answer(
        200,
        "application/json",
        JSON.stringify({ AccountLimit: { UnreservedConcurrentExecutions: account.unreserved } }),
      );
    } else if (pathname === "/account") {
      answer(200, "application/json", JSON.stringify({ cloudwatchRoleArn: account.logRole }));
    } else {
      answer(uploads.has(pathname) ? 200 : 404, "text/xml", "");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const data = join(home, "aws-data");
  const { port } = server.address() as AddressInfo;
  await writeAddresses(data, `http://127.0.0.1:${port}`);
  const account: Account = {
    cloudFormation,
    policies: new Set(),
    uploads,
    requests: [],
    apiDeployments: [],
    apiKeys: new Map(),
    failing: new Set(),
    unreserved: 1000,
    logRole: undefined,
    env: {
      AWS_DATA_PATH: data,
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "example",
      AWS_DEFAULT_REGION: "ap-northeast-1",
      AWS_PAGER: "",
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return account;
}

/** As API Gateway keeps deployments, keys and plans; undefined for what there is none of. */
function answerApiGateway(
  method: string,
  path: string,
  body: string,
  { apiKeys: keys, apiDeployments }: Pick<Account, "apiKeys" | "apiDeployments">,
): unknown {
  const [, kind, id = ""] = path.split("/");
  if (kind === "restapis") {
    apiDeployments.push(path);
    return { id: "deployed" };
  }
  if (kind === "usageplans") {
    if (method === "GET")
      return {
        item: [...keys].flatMap(([key, { name, isInPlan }]) => (isInPlan ? [{ id: key, name }] : [])),
      };
    const { keyId } = JSON.parse(body) as { readonly keyId: string };
    const added = keys.get(keyId);
    if (!added) return undefined;
    keys.set(keyId, { ...added, isInPlan: true });
    return { id: keyId };
  }
  if (method === "POST") {
    const made = `madekey${String(keys.size).padStart(3, "0")}`;
    const { name, enabled } = JSON.parse(body) as ApiKey;
    keys.set(made, { name, enabled, isInPlan: false });
    return { id: made };
  }
  const found = keys.get(id);
  if (!found) return undefined;
  if (method === "PATCH") keys.set(id, { ...found, enabled: !body.includes('"false"') });
  return { id, ...keys.get(id), value: `value-of-${id}` };
}

/** AWS's query protocol: a form in, XML out. */
function answerQuery(
  asked: URLSearchParams,
  { cloudFormation, policies }: Pick<Account, "cloudFormation" | "policies">,
): { status: number; text: string } {
  const action = asked.get("Action") ?? "";
  const caller = { Account: "111111111111", Arn: "arn:aws:iam::111111111111:root", UserId: "111111111111" };
  const known: Readonly<Record<string, unknown>> = {
    GetCallerIdentity: caller,
    ListPolicies: {
      IsTruncated: false,
      Policies: [...policies].map((name) => ({
        PolicyName: name,
        Arn: `arn:aws:iam::111111111111:policy/${name}`,
      })),
    },
  };
  if (known[action] !== undefined)
    return { status: 200, text: writeXml({ [`${action}Response`]: { [`${action}Result`]: known[action] } }) };
  try {
    return {
      status: 200,
      text: writeXml({ [`${action}Response`]: { [`${action}Result`]: cloudFormation.answer(asked) } }),
    };
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const told = { Type: "Sender", Code: error.name, Message: error.message };
    return { status: 400, text: writeXml({ ErrorResponse: { Error: told } }) };
  }
}

/**
 * A rule set of one rule for each service: AWS_ENDPOINT_URL says the same, but not to the CLI 2.9
 * of Debian 12.
 */
async function writeAddresses(folder: string, url: string): Promise<void> {
  const rules = {
    version: "1.0",
    parameters: {},
    rules: [{ conditions: [], endpoint: { url }, type: "endpoint" }],
  };
  for (const service of SERVICES) {
    await mkdir(join(folder, service), { recursive: true });
    await writeFile(join(folder, service, "endpoint-rule-set-1.json"), JSON.stringify(rules));
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** XML as AWS's query protocol has it. */
function writeXml(value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => `<member>${writeXml(each)}</member>`).join("");
  if (typeof value !== "object" || value === null)
    return String(value).replace(/[<&]/g, (character) => `&#${character.charCodeAt(0)};`);
  return Object.entries(value)
    .map(([name, each]) => `<${name}>${writeXml(each)}</${name}>`)
    .join("");
}
