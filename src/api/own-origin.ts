// Whether a request comes from a page of this server itself, by the browser's word. Pure.

/** As hono has it: a header by its name. */
interface Asking {
  header(name: string): string | undefined;
}

/**
 * Tells by `Sec-Fetch-Site`, which no script can set (Fetch Metadata, section 2.4), or, of a
 * browser that sends none, by `Origin` (Fetch standard, "Origin header"). What sends neither is no
 * page. Schemes are not compared, since a proxy in front may end TLS; where there is TLS, browsers
 * send the former.
 */
export function isFromOwnOrigin(request: Asking): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin";
  const origin = request.header("origin") ?? "";
  const host = request.header("host") ?? "";
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  const own = `${protocol}//${host}`;
  return from !== "" && URL.canParse(own) && new URL(own).host === from;
}
