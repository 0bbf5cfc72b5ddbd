// Trusted Types: the one policy of the page. It makes addresses of the page's own scripts, for
// workers, and nothing else; text from hosts never becomes HTML, so nothing needs one for that.
// https://www.w3.org/TR/trusted-types/

/** As the server's Content-Security-Policy names it (`trusted-types rollcall`). */
const POLICY_NAME = "rollcall";

interface PolicyFactory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;

function checkOwnAddress(url: string): string {
  const { href, origin } = new URL(url, document.baseURI);
  if (origin !== location.origin) throw new TypeError(`${href} is no script of this page`);
  return href;
}

const policy = factory?.createPolicy(POLICY_NAME, { createScriptURL: checkOwnAddress });

/**
 * Starts a module worker. @param url of its script, as `import url from "./x.ts?worker&url"` gives
 * it. @throws TypeError for a script of another origin
 */
export function startWorker(url: string): Worker {
  const address = policy ? policy.createScriptURL(url) : checkOwnAddress(url);
  // A TrustedScriptURL is taken where a string is; TypeScript's library does not know of it.
  return new Worker(address as string, { type: "module" });
}
