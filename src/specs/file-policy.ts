// The local policy for files: which of them a spec that came from elsewhere may read on this host,
// and which variables it may look for. Pure.
import { posix } from "node:path";
import type { Spec } from "./spec.ts";

export interface FilePolicyOptions {
  /**
   * Paths and globs; folders, with `/` at their end, for all below them. Undefined: all that is not
   * secret.
   */
  readonly allowed: readonly string[] | undefined;
  /** Files and folders of the agent itself. */
  readonly own: readonly string[];
  /** Names of variables that a spec may look for in the environment of processes. */
  readonly variables: readonly string[];
}

export interface FilePolicy {
  /** Files that are secret under any name: a hard link or a bind mount gives them others. */
  readonly known: readonly string[];
  /**
   * @param path where a file lies in truth, after all links
   * @returns why it may not be read; undefined if it may
   */
  judgePath(path: string): string | undefined;
  /** @returns why what was read may not be used */
  judgeContent(bytes: Uint8Array): string | undefined;
  /**
   * @returns in one sentence why a spec may not be used here; undefined if it may, as far as can be
   *   told before links are followed
   */
  judgeSpec(spec: Spec): string | undefined;
}

/**
 * What each sign of a glob means: `*` and `?` within a name, `**` through folders. Who writes it on
 * a host trusts himself.
 */
const SIGNS: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
  "{": "(?:",
  "}": ")",
  ",": "|",
};

/**
 * What no published spec reads unless the policy names the very file: secrets of the system, of
 * processes and of users.
 */
const SECRET = [
  "/proc/**/{environ,mem,auxv}",
  "/proc/kcore",
  "/etc/{shadow,gshadow}{,-,.*}",
  "/etc/ssh/*_key",
  "/etc/ssl/private/**",
  "/etc/pki/tls/private/**",
  "/etc/letsencrypt/{archive,live,keys}/**/privkey*",
  "/**/.ssh/id_*",
].map(compileGlob);

/** Of these the single files that each host has. */
const SECRET_FILES = ["/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"];

/** At the beginning of a line: RFC 7468, and OpenSSH's own. */
const PRIVATE_KEY = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/m;

/** Compiles a policy. */
export function compileFilePolicy({ allowed, own, variables }: FilePolicyOptions): FilePolicy {
  const allows = allowed?.map((entry) =>
    entry.endsWith("/") ? (path: string) => path.startsWith(entry) : compileGlob(entry),
  );
  const isOwn = (path: string) =>
    own.some((one) => path === one || path.startsWith(one.endsWith("/") ? one : `${one}/`));

  function judgePath(path: string): string | undefined {
    if (allowed?.includes(path)) return undefined;
    if (isOwn(path)) return `${path} is the agent's own, which published specs may not read`;
    if (!path.endsWith(".pub") && SECRET.some((matches) => matches(path)))
      return `published specs may not read ${path}, unless allow_files names it`;
    if (!allows || allows.some((matches) => matches(path))) return undefined;
    return `this host's policy (allow_files) does not let published specs read ${path}`;
  }

  return {
    known: [...SECRET_FILES, ...own],
    judgePath,
    judgeContent: (bytes) =>
      PRIVATE_KEY.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"))
        ? "holds a private key, which published specs may not read"
        : undefined,
    judgeSpec(spec) {
      for (const path of listNamed(spec)) {
        const fault = judgePath(posix.normalize(path));
        if (fault !== undefined) return fault;
      }
      const led = listProcessGlobs(spec).find(mayLeadToProc);
      if (led !== undefined) return `it would look for files of processes by ${led}, which leads to /proc`;
      const variable = listVariables(spec).find((name) => !variables.includes(name));
      return variable === undefined
        ? undefined
        : `it would look for ${variable} in the environment of processes, which this ` +
            "host's policy (allow_environment) does not allow";
    },
  };
}

/**
 * Files that a spec names as they are; of globs and placeholders what they lead to is judged when
 * it is read.
 */
function listNamed({ steps }: Spec): string[] {
  return steps.flatMap((step) => {
    switch (step.collector) {
      case "file":
        return [step.options.path];
      case "files":
        return step.options.glob.filter(isPlain);
      case "processes": {
        const forms = step.options.match.flatMap(({ pidfile }) => (pidfile === undefined ? [] : [pidfile]));
        return [...step.options.glob, ...forms].filter(isPlain);
      }
      case "extra":
        return [posix.join(step.options.folder, "fact.json")];
      default:
        return [];
    }
  });
}

function listProcessGlobs({ steps }: Spec): string[] {
  return steps.flatMap(({ collector, options }) =>
    collector === "processes" ? [...options.glob, ...options.also] : [],
  );
}

function listVariables({ steps }: Spec): string[] {
  return steps.flatMap((step) =>
    step.collector === "processes"
      ? step.options.match.flatMap(({ environ }) =>
          environ === undefined ? [] : [environ.slice(0, environ.indexOf("="))],
        )
      : [],
  );
}

function isPlain(path: string): boolean {
  return !/[*?[\]{}!()]/.test(path);
}

/** @throws SyntaxError for a brace or bracket that is not closed */
export function compileGlob(glob: string): (path: string) => boolean {
  const hasBraces = /\{.*\}/.test(glob);
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[^A-Za-z0-9/_-]/g, (token) => {
    if (token.length > 1 && token.startsWith("["))
      return `[${token.slice(1, -1).replace(/^!/, "^").replaceAll("\\", "\\\\")}]`;
    const isLiteral = token === "," && !hasBraces;
    return (isLiteral ? undefined : SIGNS[token]) ?? `\\${token}`;
  });
  const pattern = new RegExp(`^${source}$`, "s");
  return (path) => pattern.test(path);
}

/** Whether a glob may lead below /proc, where the collector's own looks are not judged. */
function mayLeadToProc(glob: string): boolean {
  try {
    return compileGlob(`/${posix.normalize(glob).split("/")[1] ?? ""}`)("/proc");
  } catch {
    return true;
  }
}
