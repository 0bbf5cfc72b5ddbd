// Errors over HTTP: RFC 9457 problem+json, one form for all of them.

/**
 * Every error code of the API, with the HTTP status and the title that go with it. docs/api.md
 * explains each.
 */
export const ERROR_CODES = {
  bad_request: { status: 400, title: "The request cannot be understood" },
  unauthorized: { status: 401, title: "A valid API key or token is needed" },
  forbidden: { status: 403, title: "The key or token may not do this" },
  enrolment_refused: { status: 403, title: "The enrolment is refused" },
  not_found: { status: 404, title: "There is nothing here" },
  method_not_allowed: { status: 405, title: "This path does not take this method" },
  ambiguous: { status: 409, title: "More than one host has this id" },
  clone: { status: 409, title: "Another machine has this host id" },
  elsewhere: { status: 409, title: "The host reports straight into the store" },
  too_large: { status: 413, title: "The report is too large" },
  unsupported_encoding: { status: 415, title: "The body's encoding is not supported" },
  invalid_report: { status: 422, title: "The report was refused" },
  too_many_requests: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "The server failed" },
  identity_unavailable: { status: 503, title: "AWS cannot be asked who the host is" },
  issuer_unavailable: { status: 503, title: "It cannot be told now who is signed in" },
  cannot_be_told: { status: 503, title: "It was not recorded" },
  store_unavailable: { status: 503, title: "The store cannot be read or written" },
  over_limit: { status: 507, title: "The key may write no more" },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Thrown by handlers; the application turns it into a response. */
export class ApiError extends Error {
  override name = "ApiError";
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the problem object (RFC 9457, section 3.2). */
  readonly extensions: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    detail: string,
    {
      headers = {},
      extensions = {},
    }: { headers?: Readonly<Record<string, string>>; extensions?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.code = code;
    this.headers = headers;
    this.extensions = extensions;
  }
}

/** An error as it goes out. `type` is a URN, which RFC 9457 allows and nobody needs to host. */
export function describeProblem({ code, message, headers, extensions }: ApiError) {
  const { status, title } = ERROR_CODES[code];
  const problem = { type: `urn:rollcall:error:${code}`, title, status, detail: message, ...extensions };
  return {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
    body: `${JSON.stringify(problem)}\n`,
  };
}

/** Makes the response. */
export function toProblemResponse(error: ApiError): Response {
  const { status, headers, body } = describeProblem(error);
  return new Response(body, { status, headers });
}
