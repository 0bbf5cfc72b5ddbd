// The Lambda authorizer of API Gateway: has the token checked that came along, and says who its
// owner is and whether he may ask.
import { AccessError } from "../access/access-error.ts";
import type { Caller } from "../access/caller.ts";
import type { SignedIdentities } from "../access/signed-identity.ts";
import { formatIdentity, formatPrincipal } from "./gateway-identity.ts";

/** API Gateway guide, "Input to an API Gateway Lambda authorizer", of the type TOKEN. */
export interface AuthorizerEvent {
  readonly type: string;
  /** The whole value of the header Authorization. */
  readonly authorizationToken: string;
  /** `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH` */
  readonly methodArn: string;
}

/** Same guide, "Output from an API Gateway Lambda authorizer". */
export interface AuthorizerAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: "2012-10-17";
    readonly Statement: readonly [
      { readonly Action: "execute-api:Invoke"; readonly Effect: "Allow" | "Deny"; readonly Resource: string },
    ];
  };
  /** What the reader is told, in requestContext.authorizer. */
  readonly context: { readonly identity: string };
}

/**
 * The one text that becomes 401 (same guide, "Use API Gateway Lambda authorizers", example of a
 * TOKEN authorizer); whatever else is thrown becomes AUTHORIZER_FAILURE.
 */
const UNAUTHORIZED = "Unauthorized";

export interface AuthorizerOptions {
  readonly identities: Pick<SignedIdentities, "identify">;
  readonly log: Readonly<Record<"info" | "error", (facts: object, message: string) => void>>;
}

/**
 * Makes the authorizer.
 *
 * What it allows or denies is the whole stage: where API Gateway keeps answers (the template says
 * that it does not), it keeps them by the token alone, and one for a single path would be the
 * answer for all others (same guide, "Output from an API Gateway Lambda authorizer").
 *
 * @returns throws Error `Unauthorized` where the token does not count, and another where that
 * cannot be told now
 */
export function createAuthorizer(options: AuthorizerOptions) {
  return async ({ type, authorizationToken, methodArn }: AuthorizerEvent): Promise<AuthorizerAnswer> => {
    if (type !== "TOKEN" || typeof methodArn !== "string")
      throw new TypeError("this function answers events of API Gateway's authorizers of the type TOKEN");
    const { id, name, scopes, expires_at = "" } = await identify(authorizationToken, options);
    const mayAsk = scopes.length > 0;
    if (!mayAsk) options.log.info({ identity: id }, "signed in, and no claim gives any scope");
    const [api = "", stage = ""] = methodArn.split("/");
    return {
      principalId: formatPrincipal(id),
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Action: "execute-api:Invoke",
            Effect: mayAsk ? "Allow" : "Deny",
            Resource: `${api}/${stage}/*`,
          },
        ],
      },
      context: { identity: formatIdentity({ id, name, expires_at }) },
    };
  };
}

/** API Gateway tells whoever asked nothing of why; the log does. */
async function identify(value: string, { identities, log }: AuthorizerOptions): Promise<Caller> {
  try {
    const caller = await identities.identify((header) => (header === "authorization" ? value : undefined));
    if (caller !== undefined) return caller;
    log.info({ code: "token_refused" }, "the header Authorization is not of the form Bearer TOKEN");
  } catch (error) {
    if (!(error instanceof AccessError) || error.code !== "token_refused") {
      log.error({ reason: String(error) }, "the token cannot be checked now");
      throw error;
    }
    log.info({ code: error.code }, error.message);
  }
  throw new Error(UNAUTHORIZED);
}
