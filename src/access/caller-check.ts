// AWS's word for who an instance is now: asks STS with the GetCallerIdentity that the instance has
// signed.

import { hash } from "node:crypto";
import { compileWildcard } from "../grammar/wildcard.ts";
import { readBounded } from "../network/bounded-read.ts";
import { toFailure } from "../network/failure.ts";
import { AccessError } from "./access-error.ts";
import { AWS_REGIONS } from "./aws-regions.ts";
import { createQueue, type Queue, type QueueBounds, QueueFull } from "./bounded-queue.ts";
import {
  CALLER_BODY,
  type CallerProof,
  type ClaimedHost,
  formatCallerHeaders,
  listStsEndpoints,
} from "./caller-identity.ts";
import { parseAnswer, type RoleSession } from "./sts-answer.ts";

/** STS answers with some 500 bytes. */
const MAX_STS_ANSWER_BYTES = 16 * 1024;

/** For STS's whole answer; it takes a tenth of a second. */
const TIMEOUT_MS = 2000;

/**
 * Of one endpoint. Strangers may cause requests to STS with signatures that are none, and choose
 * the Region: one that does not answer stops no other.
 */
const OWN_QUEUE: QueueBounds = { underWay: 8, waiting: 32, waitMs: 2000 };

/**
 * Of all endpoints together that are none of AWS's known Regions', not named here, and have not
 * answered yet: their names may be made up.
 */
const SHARED_QUEUE: QueueBounds = { ...OWN_QUEUE, underWay: 2 };

/** Where STS cannot be asked now: when to ask the server again. */
const RETRY_AFTER_S = 5;

/** AWS has some 40 Regions, whose STS has up to four names each. */
const MAX_STS_QUEUES = 400;

/**
 * How often STS is asked about one nonce: whoever would fill a queue must at least ask for nonces
 * all the time.
 */
const MAX_NONCE_TRIES = 3;

/** Nonces whose tries are counted. */
const MAX_COUNTED_NONCES = 10_000;

export interface CallerOptions {
  /**
   * Origins of this server as its hosts know it: a proof that was signed for another server does
   * not count here.
   */
  readonly servers: readonly string[];
  /** Patterns with `*`; undefined: all roles of the accounts. */
  readonly roles: readonly string[] | undefined;
  /** Origins that count as STS's beside AWS's own: a VPC endpoint's own name, or a test's. */
  readonly endpoints: readonly string[];
  readonly fetch: typeof fetch;
}

/** Signed in a header of its own. */
const BODY_SHA256 = hash("sha256", CALLER_BODY);

/**
 * @returns why the proof does not prove that its sender is this instance; undefined if it does
 * @throws AccessError identity_unavailable where STS cannot be asked
 */
export type CallerCheck = (
  proof: CallerProof,
  claimed: ClaimedHost,
  accounts: readonly string[],
) => Promise<string | undefined>;

/**
 * Makes a function that asks STS about one proof when its endpoint's queue has a turn for it. Its
 * nonce must have been checked.
 */
export function createCallerCheck(options: CallerOptions): CallerCheck {
  const roles = options.roles?.map(compileWildcard);
  const queues = createQueues(options.endpoints);
  const takeTry = createTries();

  return async (proof, claimed, accounts) => {
    const { server, endpoint, region } = proof;
    if (!options.servers.includes(server))
      return (
        `the request was signed for ${JSON.stringify(server)}, and this server is ` +
        `${options.servers.join(", ")}; see to --server on the host, or ` +
        "--identity-caller here"
      );
    if (![...listStsEndpoints(region), ...options.endpoints].includes(endpoint))
      return (
        `${JSON.stringify(endpoint)} is no endpoint of STS for the Region ${region}, ` +
        "nor one of --identity-sts"
      );
    if (!takeTry(proof.nonce)) return `the nonce has been tried ${MAX_NONCE_TRIES} times; ask for another`;
    const answer = await queues.ask(endpoint, () => ask(proof, claimed, options.fetch));
    if ("fault" in answer) return answer.fault;
    // Who may open sessions of a role chooses their names. EC2's own are of this form.
    if (answer.session !== claimed.id || !/^i-[0-9a-f]{8,17}$/.test(answer.session))
      return (
        `AWS says that the session is ${answer.role}/${answer.session}; an instance's ` +
        "own session has its id for a name"
      );
    if (!accounts.includes(answer.account)) return `the account ${answer.account} is not trusted here`;
    if (roles && !roles.some((matches) => matches(answer.role)))
      return `the role ${answer.role} is not trusted here`;
    return undefined;
  };
}

/** Each endpoint that is known to be STS's has a queue of its own. */
function createQueues(named: readonly string[]) {
  const shared = createQueue(SHARED_QUEUE);
  const own = new Map<string, Queue>();
  const open = (endpoint: string): void => {
    if (!own.has(endpoint) && own.size < MAX_STS_QUEUES) own.set(endpoint, createQueue(OWN_QUEUE));
  };
  for (const endpoint of [...AWS_REGIONS.flatMap(listStsEndpoints), ...named]) open(endpoint);

  return {
    ask: async <T>(endpoint: string, work: () => Promise<T>): Promise<T> => {
      try {
        const answer = await (own.get(endpoint) ?? shared)(work);
        open(endpoint);
        return answer;
      } catch (error) {
        if (error instanceof QueueFull)
          throw unavailable(`too many hosts wait for ${endpoint} at this moment: ${error.message}`);
        throw error;
      }
    },
  };
}

/** Makes a function that takes one of a nonce's tries, and returns false where it has none left. */
function createTries() {
  const tries = new Map<string, number>();
  return (nonce: string): boolean => {
    const count = tries.get(nonce) ?? 0;
    if (count >= MAX_NONCE_TRIES) return false;
    tries.set(nonce, count + 1);
    const [oldest] = tries.keys();
    if (tries.size > MAX_COUNTED_NONCES && oldest !== undefined) tries.delete(oldest);
    return true;
  };
}

function unavailable(detail: string): AccessError {
  return new AccessError("identity_unavailable", detail, { retryAfterS: RETRY_AFTER_S });
}

async function ask(
  proof: CallerProof,
  claimed: ClaimedHost,
  fetch: typeof globalThis.fetch,
): Promise<RoleSession | { readonly fault: string }> {
  const { endpoint } = proof;
  let status: number;
  let text: string | undefined;
  try {
    const response = await fetch(`${endpoint}/`, {
      method: "POST",
      headers: toHeaders(proof, claimed),
      body: CALLER_BODY,
      // STS redirects nobody.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    status = response.status;
    text = (await readBounded(response.body, MAX_STS_ANSWER_BYTES))?.toString("utf8");
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    throw unavailable(
      isLate
        ? `${endpoint} does not answer within ${TIMEOUT_MS} ms`
        : `${endpoint} cannot be asked: ${toFailure(error).message}`,
    );
  }
  if (status >= 400 && status < 500 && status !== 429) {
    const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text ?? "")?.[1] ?? "no reason";
    return { fault: `AWS does not take the signature: ${status} ${code}; is the host's clock right?` };
  }
  const session = status === 200 && text !== undefined ? parseAnswer(text) : undefined;
  if (session === undefined)
    throw unavailable(`${endpoint} gave an answer (${status}) that is none of STS's`);
  return session;
}

function toHeaders(proof: CallerProof, claimed: ClaimedHost): Record<string, string> {
  const { date, region, access_key_id: accessKeyId, session_token: token, signature } = proof;
  const own = {
    ...formatCallerHeaders(proof, claimed),
    "x-amz-content-sha256": BODY_SHA256,
    "x-amz-date": date,
    "x-amz-security-token": token,
  };
  const names = ["host", ...Object.keys(own)].sort().join(";");
  const scope = `${date.slice(0, 8)}/${region}/sts/aws4_request`;
  return {
    ...own,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, ` +
      `Signature=${signature}`,
  };
}
