// Where paths lead, each followed once: which are one file, and which were before a link was
// turned.
import { posix } from "node:path";
import type { HostFiles } from "./host-files.ts";
import { normalizePath } from "./process-words.ts";

/** Most paths that are followed: other users' command lines name them. */
const MAX_FOLLOWED_PATHS = 10_000;

export interface FollowedPaths {
  /** Where a path leads through all links; itself if it leads nowhere. */
  follow(path: string): Promise<string>;
  /** Which file it is; undefined if there is none. */
  identify(path: string): Promise<string | undefined>;
  /** Whether both are one file. */
  isSame(a: string, b: string): Promise<boolean>;
  /**
   * Whether a path is what another led to before a link on its way was turned to a folder beside:
   * an earlier release.
   *
   * @returns where that link leads now; undefined if it is not so
   */
  wasTurned(path: string, named: string): Promise<string | undefined>;
}

export function openPaths(files: HostFiles): FollowedPaths {
  const identities = new Map<string, Promise<string | undefined>>();
  const ends = new Map<string, Promise<string>>();

  const follow = (path: string) =>
    remember(ends, path, async () => {
      const traced = await files.trace(path);
      return "path" in traced ? traced.path : normalizePath(path);
    });
  const identify = (path: string) =>
    remember(identities, path, async () => {
      if (identities.size > MAX_FOLLOWED_PATHS) return undefined;
      const found = await files.identify(path);
      return "identity" in found ? found.identity : undefined;
    });

  return {
    follow,
    identify,

    async isSame(a, b) {
      if (a === normalizePath(b)) return true;
      const [first, second] = await Promise.all([identify(a), identify(b)]);
      return first !== undefined && first === second;
    },

    async wasTurned(path, named) {
      const plain = normalizePath(named);
      const end = await follow(plain);
      if (end === plain) return undefined;
      const rest = findCommonEnd(plain, end);
      if (rest === "" || !path.endsWith(rest)) return undefined;
      const [before, now] = [path.slice(0, -rest.length), end.slice(0, -rest.length)];
      return before !== now && posix.dirname(before) === posix.dirname(now) ? now : undefined;
    },
  };
}

/** The last parts that two paths have in common, each with its slash. */
function findCommonEnd(a: string, b: string): string {
  const [first, second] = [a.split("/"), b.split("/")];
  let rest = "";
  for (let at = 1; at < Math.min(first.length, second.length) && first.at(-at) === second.at(-at); at++)
    rest = `/${first.at(-at)}${rest}`;
  return rest;
}

/** What is known under a key, found when it is first asked for. */
export function remember<T>(known: Map<string, T>, key: string, find: () => T): T {
  const there = known.get(key);
  if (there !== undefined) return there;
  const found = find();
  known.set(key, found);
  return found;
}
