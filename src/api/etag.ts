// ETags that come back: compared weakly, and without what proxies that compress put behind them.
// Pure.

/**
 * What Apache's mod_deflate and mod_brotli (`DeflateAlterETag AddSuffix`,
 * `BrotliAlterETag AddSuffix`, both the default), Jetty and others add within the quotation marks
 * when they compress an answer. None of our own ETags ends so.
 */
const PROXY_SUFFIX = /(?:-{1,2}|;)(?:gzip|br|deflate|zstd)(?="$)/;

/** If-None-Match (RFC 9110, section 13.1.2): weak comparison, a list, or `*`. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((item) => {
    const candidate = item.trim().replace(/^W\//, "");
    return candidate === "*" || candidate === etag || candidate.replace(PROXY_SUFFIX, "") === etag;
  });
}
