// What API Gateway itself answers, in the form that all errors have (docs/api.md, "Errors").

export interface GatewayProblem {
  /** API Gateway guide, "Gateway response types". */
  readonly type: string;
  readonly status: number;
  /** The end of the problem's URN. */
  readonly code: string;
  readonly title: string;
  /** Where API Gateway's own word is not enough. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it is instead where requests are signed (AWS_IAM). */
  readonly whereSigned?: Shown;
  /** What it is instead where tokens open the API (JWT). */
  readonly whereTokens?: Shown;
}

type Shown = Pick<GatewayProblem, "status" | "code" | "title" | "detail">;

const OVERLOADED = { title: "Too many requests", headers: { "Retry-After": "'1'" } };

/** By type. The default ones stand for what is not listed. */
export const GATEWAY_PROBLEMS: readonly GatewayProblem[] = [
  { type: "INVALID_API_KEY", status: 403, code: "forbidden", title: "A valid API key is needed" },
  {
    type: "MISSING_AUTHENTICATION_TOKEN",
    status: 404,
    code: "not_found",
    title: "No such path, or it does not take this method",
    whereSigned: {
      status: 403,
      code: "forbidden",
      title: "The request is not signed, or there is no such path or method",
    },
  },
  { type: "INVALID_SIGNATURE", status: 403, code: "forbidden", title: "The signature is not valid" },
  { type: "EXPIRED_TOKEN", status: 403, code: "forbidden", title: "The credentials have expired" },
  // A default's status would be that of all it stands for: these two come from what may be put in
  // front of the stage, and one from anybody.
  {
    type: "ACCESS_DENIED",
    status: 403,
    code: "forbidden",
    title: "The API's own policy refuses this request",
    whereTokens: {
      status: 403,
      code: "forbidden",
      title: "The token gives no right to ask, or the API's own policy refuses this request",
    },
  },
  {
    type: "UNAUTHORIZED",
    status: 401,
    code: "unauthorized",
    title: "A valid token is needed",
    detail:
      "send a token of the company's identity provider that has not ended, as Authorization: Bearer; " +
      "why one is refused stands in the log that the stack's output AuthorizerLogCommand prints",
    // RFC 9110, section 11.6.1: a 401 names a scheme.
    headers: { "WWW-Authenticate": "'Bearer'" },
  },
  {
    type: "AUTHORIZER_FAILURE",
    status: 503,
    code: "issuer_unavailable",
    title: "Tokens cannot be checked now",
    detail:
      "the identity provider's keys cannot be had; the log that the stack's output " +
      "AuthorizerLogCommand prints says why",
    headers: { "Retry-After": "'5'" },
  },
  { type: "WAF_FILTERED", status: 403, code: "forbidden", title: "A firewall refuses this request" },
  { type: "REQUEST_TOO_LARGE", status: 413, code: "too_large", title: "The request is too large" },
  { type: "THROTTLED", status: 429, code: "too_many_requests", ...OVERLOADED },
  {
    type: "QUOTA_EXCEEDED",
    status: 429,
    code: "quota_exceeded",
    title: "The key has asked as often as it may today",
  },
  { type: "INTEGRATION_FAILURE", status: 504, code: "internal", title: "The function failed" },
  { type: "INTEGRATION_TIMEOUT", status: 504, code: "timeout", title: "The answer took too long" },
  { type: "DEFAULT_4XX", status: 400, code: "bad_request", title: "API Gateway does not take this request" },
  { type: "DEFAULT_5XX", status: 500, code: "internal", title: "The server failed" },
];

/** The body's template. What $context gives is quoted already where it is a string. */
export function formatProblem({ status, code, title, detail }: Shown): string {
  const problem = JSON.stringify({ type: `urn:rollcall:error:${code}`, title, status });
  const said = detail === undefined ? "$context.error.messageString" : JSON.stringify(detail);
  return `${problem.slice(0, -1)},"detail":${said},"request_id":"$context.requestId"}`;
}
