// Where a server sends a reader on: an answer too large for its way back lies elsewhere. Followed a
// few times, without the key, and not into this host.
import { lookup } from "node:dns/promises";
import { fetchAt } from "../network/fetch.ts";
import { isLoopback } from "../network/loopback.ts";
import { bracketless, isNear } from "../network/proxy.ts";
import { sanitizeLine } from "../report/safe-text.ts";

/**
 * S3 itself sends on from a new bucket's general address to its region's (AWS, "Making requests":
 * redirects).
 */
const MAX_REDIRECTS = 3;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Finds the addresses of a name; none where it is not known, as behind a proxy, which knows names
 * by itself.
 */
type LookUp = (host: string) => Promise<readonly string[]>;

export interface FollowOptions {
  /** Who sent on. */
  readonly asked: URL;
  /** For the server itself: they go nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly lookUp?: LookUp;
}

/** The answer lies where nothing is asked, or is not there. */
export class RedirectFailed extends Error {
  override name = "RedirectFailed";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks where a server's answer to a question lies.
 *
 * @returns what lies there, with status 200
 * @throws RedirectFailed in words; what fetch throws
 */
export async function followRead(
  answer: Response,
  { asked, headers, signal, lookUp = lookUpAll }: FollowOptions,
): Promise<Response> {
  async function ask(place: URL, status: number): Promise<Response> {
    const init = { redirect: "manual", signal } as const;
    if (place.origin === asked.origin) return await fetch(place, { ...init, headers });
    const judged = await judgePlace(place, asked, lookUp);
    if ("fault" in judged)
      throw new RedirectFailed(
        `${asked.origin} sends on to ${sanitizeLine(place.origin)}, ${judged.fault}; nothing is asked there`,
        status,
      );
    return await fetchAt(place, judged.addresses, init);
  }

  let [found, from] = [answer, asked];
  for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
    const place = readLocation(found, from);
    await found.body?.cancel();
    if (!place) throw new RedirectFailed(`${from.origin} sends on, and not to where`, found.status);
    found = await ask(place, found.status);
    if (found.status === 200) return found;
    if (!REDIRECTS.has(found.status)) {
      await found.body?.cancel();
      throw new RedirectFailed(`the answer's own place answered ${found.status}; ask again`, found.status);
    }
    from = place;
  }
  await found.body?.cancel();
  throw new RedirectFailed(`${asked.origin} sends on more than ${MAX_REDIRECTS} times`, found.status);
}

function readLocation({ headers }: Response, from: URL): URL | undefined {
  const location = headers.get("location") ?? "";
  return location !== "" && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

/**
 * Tells why nothing is asked at a place of another origin, or at which addresses it may be asked.
 * This host, and what its own link has alone, such as the metadata service with its credentials, is
 * no place for an answer of another host. Private networks are: PrivateLink, and a MinIO of one's
 * own.
 */
export async function judgePlace(
  place: URL,
  asked: URL,
  lookUp: LookUp,
): Promise<{ readonly fault: string } | { readonly addresses: readonly string[] }> {
  if (place.protocol !== "https:" && place.protocol !== "http:")
    return { fault: "which is neither https nor http" };
  if (place.username !== "" || place.password !== "") return { fault: "with a user in the URL" };
  const host = hostOf(place);
  const isHere = isLoopback(hostOf(asked));
  const isRefused = (address: string) => isNear(address) && !(isHere && isLoopback(address));
  if (isRefused(host)) return { fault: "which is this host or its own link" };
  const addresses = await lookUp(host);
  const near = addresses.find(isRefused);
  return near === undefined
    ? { addresses }
    : { fault: `whose address is ${near}: this host or its own link` };
}

function hostOf({ hostname }: URL): string {
  return bracketless(hostname).replace(/\.$/, "");
}

async function lookUpAll(host: string): Promise<readonly string[]> {
  return await lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  );
}
