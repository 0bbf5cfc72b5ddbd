// Identities by an AWS Application Load Balancer that signs people in. Its tokens follow JWT and
// are none: padded, with their end and their issuer in the header, and with the ARN of who signed
// in the place of an audience (AWS, "Authenticate users using an Application Load Balancer", "User
// claims encoding and signature verification").
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { compactVerify } from "jose/jws/compact/verify";
import { importSPKI } from "jose/key/import";
import { LRUCache } from "lru-cache";
import type { Clock } from "../report/clock.ts";
import { parseJson } from "../report/parse-json.ts";
import {
  type Claims,
  checkTokenForm,
  type IdentityVerifier,
  refuseToken,
  showValue,
  toRefusal,
} from "./signed-token.ts";
import { fetchKeyDocument, type KeptCopy, keepCopy, keysUnavailable } from "./signing-keys.ts";
import { TOKEN_CLOCK_TOLERANCE_S } from "./token-bounds.ts";

/** Of the header; it is a token's own, and nothing else's. */
const ALB_HEADER = "x-amzn-oidc-data";

const ALB_ALGORITHM = "ES256";

/** An ARN of a load balancer (AWS, "Service Authorization Reference": loadbalancer/app). */
const ALB_ARN =
  /^arn:(aws[a-z-]*):elasticloadbalancing:([a-z]{2,}(?:-[a-z]+)+-\d):\d{12}:loadbalancer\/app\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{1,32}$/;

/** The name of a key goes into an address, so it must be what AWS's are. */
const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Load balancers change their keys now and then; of a few of them so many are in use. */
const MAX_ALB_KEYS = 32;

/** How often a minute keys are asked for that nobody has asked for: names can be made up. */
const MAX_NEW_ALB_KEYS_A_MINUTE = 10;

export interface AlbIdentityOptions {
  readonly kind: "aws-alb";
  /** The ARNs of the load balancers whose word counts. */
  readonly signers: readonly string[];
  /** The ids of the clients (`client` in the header) that count; none: any. */
  readonly clients: readonly string[];
  /** Where the keys are, instead of at AWS's own address. */
  readonly keysAddress?: string | undefined;
}

type Key = Awaited<ReturnType<typeof importSPKI>>;

/**
 * Where a load balancer's keys are (same page). Of China's Regions it names none, and the address
 * is that of their domain.
 *
 * @returns without the key's id; undefined for what is no ARN of a load balancer, or of a partition
 *   whose address is not known
 */
export function locateAlbKeys(arn: string): string | undefined {
  const [, partition, region] = ALB_ARN.exec(arn) ?? [];
  if (partition === "aws") return `https://public-keys.auth.elb.${region}.amazonaws.com`;
  if (partition === "aws-cn") return `https://public-keys.auth.elb.${region}.amazonaws.com.cn`;
  if (partition === "aws-us-gov")
    return `https://s3-${region}.amazonaws.com/aws-elb-public-keys-prod-${region}`;
  return undefined;
}

/** Whether a text is the ARN of an Application Load Balancer. */
export function isAlbArn(text: string): boolean {
  return ALB_ARN.test(text);
}

/** Makes a verifier. Keys are fetched when a token names them. */
export function createAlbVerifier(
  { signers, clients, keysAddress }: AlbIdentityOptions,
  { clock, fetch }: { readonly clock: Clock; readonly fetch: typeof globalThis.fetch },
): IdentityVerifier {
  const issuer = signers.length === 1 ? `the load balancer ${signers[0]}` : "the load balancers";
  const known = new LRUCache<string, KeptCopy<Key>>({ max: MAX_ALB_KEYS });
  /** Asked for now, for the first time. */
  const asked = new Map<string, Promise<Key>>();
  const takeNew = limitRate(MAX_NEW_ALB_KEYS_A_MINUTE, clock);

  async function findKey(signer: string, kid: string): Promise<Key> {
    const url = `${keysAddress?.replace(/\/+$/, "") ?? locateAlbKeys(signer)}/${kid.toLowerCase()}`;
    const copy = known.get(url);
    if (copy) return await copy.get();
    const others = asked.get(url);
    if (others !== undefined) return await others;
    if (!takeNew())
      throw keysUnavailable(
        `${MAX_NEW_ALB_KEYS_A_MINUTE} keys were asked for within a minute that were not known before`,
      );
    const fresh = keepCopy(() => fetchKey(url, fetch), clock);
    const asking = fresh.get().finally(() => asked.delete(url));
    asked.set(url, asking);
    const key = await asking;
    known.set(url, fresh);
    return key;
  }

  /** @returns what the token names, before anything is fetched */
  function readHeader(token: string): { signer: string; kid: string; exp: unknown } {
    const { alg, kid, signer, client, exp } = decodeProtectedHeader(token) as Claims;
    if (alg !== ALB_ALGORITHM)
      throw refuseToken(
        `the token's algorithm (alg) is ${showValue(alg)}; load balancers use ${ALB_ALGORITHM}`,
      );
    if (typeof signer !== "string" || !signers.includes(signer))
      throw refuseToken(
        `the token says that ${showValue(signer)} signed it (signer), and this server takes another's`,
      );
    if (typeof kid !== "string" || !KEY_ID.test(kid))
      throw refuseToken("the token's kid is none of a load balancer's: it should be a UUID");
    if (clients.length > 0 && !clients.some((one) => one === client))
      throw refuseToken(`the token is for the client ${showValue(client)}, and this server takes another's`);
    return { signer, kid, exp };
  }

  return {
    header: ALB_HEADER,
    issuer,
    // Which keys there are, only tokens tell.
    prepare: () => Promise.resolve(),
    async verify(token) {
      checkTokenForm(token, { isPadded: true });
      try {
        const { signer, kid, exp } = readHeader(token);
        const key = await findKey(signer, kid);
        const { payload } = await compactVerify(token, key, { algorithms: [ALB_ALGORITHM] });
        const claims = parseJson(Buffer.from(payload));
        if (typeof claims !== "object" || claims === null || Array.isArray(claims))
          throw refuseToken("the token holds no claims");
        return { claims: claims as Claims, endsAt: readEnd([exp, (claims as Claims).exp], clock()) };
      } catch (error) {
        throw toRefusal(error, issuer);
      }
    },
  };
}

/**
 * The earliest end that a token names. @param now ms since the epoch @throws AccessError
 * token_refused where there is none, or it has come
 */
function readEnd(given: readonly unknown[], now: number): number {
  const ends = given
    .filter((one) => one !== undefined)
    .map((one) => (typeof one === "number" ? one : Number.NaN));
  const end = Math.min(...ends) * 1000;
  if (!Number.isFinite(end)) throw refuseToken("the token does not say when it ends (exp)");
  if (end <= now - TOKEN_CLOCK_TOLERANCE_S * 1000)
    throw refuseToken(`the token expired (${new Date(end).toISOString()}); sign in again`);
  return end;
}

/** @throws AccessError issuer_unavailable; token_refused where AWS has no such key */
async function fetchKey(url: string, fetch: typeof globalThis.fetch): Promise<Key> {
  const whose = `the key at ${url}`;
  const text = await fetchKeyDocument(url, { fetch, whose });
  if (typeof text !== "string") {
    // S3, which has GovCloud's, answers 403 for what is not there.
    if (text.status === 404 || text.status === 403)
      throw refuseToken("the token names a key (kid) that its load balancer's Region does not have");
    throw keysUnavailable(`${whose} cannot be had: the answer was ${text.status}`);
  }
  try {
    return await importSPKI(text.trim(), ALB_ALGORITHM);
  } catch {
    throw keysUnavailable(`${whose} cannot be had: the answer is no public key for ${ALB_ALGORITHM}`);
  }
}

/** Makes a function that tells whether one more may be taken within this minute. */
function limitRate(most: number, clock: Clock): () => boolean {
  let taken: number[] = [];
  return () => {
    const now = clock();
    taken = taken.filter((at) => now - at >= 0 && now - at < 60_000);
    if (taken.length >= most) return false;
    taken.push(now);
    return true;
  };
}
