// Where the keys that sign S3 requests come from: the environment, or AWS's own chain, kept and
// renewed in time.

import { createFetch } from "../network/fetch.ts";
import type { CustomTrust } from "../network/route.ts";
import { endInTime } from "../network/time-limit.ts";
import type { Clock } from "../report/clock.ts";
import { createAwsRequestHandler } from "./aws-request-handler.ts";
import type { Credentials } from "./s3-signature.ts";
import { StoreError, Unavailable } from "./store.ts";

/**
 * Credentials are renewed this long before they end; AWS's roles give new ones at least as early.
 */
const REFRESH_AHEAD_MS = 5 * 60 * 1000;

/** A request to SSO or STS and its whole answer. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * The whole search along the chain. On Bun the library's own limits do not end a connection that
 * never comes, such as to EC2's metadata service from a container that is a hop too far.
 */
const CHAIN_TIMEOUT_MS = 30_000;

/** Asks for credentials anew. @param isForced those that it gave last no longer work */
export type LoadCredentials = (isForced: boolean) => Promise<Credentials>;

export interface CredentialsCache {
  /**
   * Credentials that work for now; at once where it has them. @throws StoreError that names the
   * ways to give some
   */
  get(): Credentials | Promise<Credentials>;
  /** The server has refused these: gets others. @returns undefined if there are no others */
  replace(refused: Credentials): Promise<Credentials | undefined>;
}

/** Keeps credentials. All who ask while they are renewed share one renewal. */
export function createCredentialsCache(load: LoadCredentials, clock: Clock): CredentialsCache {
  let kept: Credentials | undefined;
  let loading: Promise<Credentials> | undefined;

  function renew(isForced: boolean): Promise<Credentials> {
    loading ??= load(isForced)
      .then((loaded) => {
        kept = loaded;
        return loaded;
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  }

  return {
    get() {
      if (kept === undefined) return renew(false);
      const left = (kept.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - clock();
      if (left > REFRESH_AHEAD_MS) return kept;
      // Those that still work are better than a failure to renew them.
      const old = kept;
      return renew(false).catch((error: unknown) => {
        if (left > 0) return old;
        throw error;
      });
    },

    async replace(refused) {
      if (kept !== undefined && kept !== refused) return kept;
      const loaded = await renew(true);
      return loaded.accessKeyId === refused.accessKeyId && loaded.sessionToken === refused.sessionToken
        ? undefined
        : loaded;
    },
  };
}

export interface ChainOptions {
  readonly env: NodeJS.ProcessEnv;
  /** CAs that count for AWS's services in the place of all others. */
  readonly trust?: CustomTrust | undefined;
  /** A profile of ~/.aws/config and ~/.aws/credentials. */
  readonly profile: string | undefined;
  /** How long the whole search may take, in ms. */
  readonly limitMs?: number;
}

/**
 * The order of AWS's own programs: environment, SSO, shared files, web identity, container, EC2
 * instance. Keys in the environment are taken without loading AWS's library, which takes a tenth of
 * a second. The library itself reads the process's environment.
 */
export function loadFromChain({
  env,
  profile,
  trust,
  limitMs = CHAIN_TIMEOUT_MS,
}: ChainOptions): LoadCredentials {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (accessKeyId && secretAccessKey && profile === undefined && !env.AWS_PROFILE) {
    return async () => ({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) });
  }
  let chain: ((options?: { forceRefresh?: boolean }) => Promise<Credentials>) | undefined;
  return async (isForced) => {
    try {
      const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
      // For SSO and STS. The metadata services of EC2, ECS and EKS are asked directly, by the
      // library's own means.
      const requestHandler = createAwsRequestHandler(createFetch(env, trust), REQUEST_TIMEOUT_MS);
      chain ??= defaultProvider({
        clientConfig: { requestHandler },
        ...(profile !== undefined && { profile }),
      });
      return await endInTime(chain({ forceRefresh: isForced }), limitMs, () => {
        const message = `nothing that gives credentials answered within ${limitMs / 1000} s`;
        return new DOMException(message, "TimeoutError");
      });
    } catch (error) {
      throw explain(error, profile);
    }
  };
}

/**
 * A chain that found nothing says so by an error that is not to be asked again (`tryNextLink`);
 * others are a service's, which may come back.
 */
function explain(error: unknown, profile: string | undefined): StoreError {
  const reason = error instanceof Error ? error.message.replace(/\s+/g, " ").slice(0, 300) : "unknown";
  const hop = "credentials";
  if (isConnectionTrouble(error))
    return new Unavailable(`[store] [s3] cannot get credentials: ${reason}`, { hop, cause: error });
  const ways =
    profile === undefined
      ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with " +
        "?profile= or AWS_PROFILE, or run where AWS gives a role (EC2, ECS, EKS, " +
        "Lambda)"
      : `see to the profile ${JSON.stringify(profile)} in ~/.aws/config, or sign in with aws sso login`;
  return new StoreError(`[store] [s3] found no credentials (${reason}); ${ways}`, { hop, cause: error });
}

function isConnectionTrouble(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return (
    name === "TimeoutError" ||
    (typeof code === "string" && /^(?:ECONNRESET|ETIMEDOUT|EAI_AGAIN|EPIPE)$/.test(code))
  );
}
