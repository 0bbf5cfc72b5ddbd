// Whose certificates are trusted: the built-in CAs, and those in the files that SSL_CERT_FILE and
// NODE_EXTRA_CA_CERTS name.
import { X509Certificate } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { MAX_PEM_BYTES } from "./bounded-file.ts";
import type { Environment } from "./proxy.ts";

const VARIABLES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] as const;

export interface Trust {
  /** PEM, the built-in ones among them; undefined: what the runtime trusts by itself is right. */
  readonly certificates: readonly string[] | undefined;
  readonly faults: readonly TrustFault[];
}

/** What is wrong with a file. */
export interface TrustFault {
  /** For people. */
  readonly text: string;
  /** The runtime has said so on stderr, when the process began. */
  readonly isTold: boolean;
}

/**
 * Reads the files. Both variables add to the built-in CAs, on Node and in the executable alike:
 * Node itself reads the first alone, and adds its certificates by itself as long as none are given.
 *
 * @param isBun whether this is the executable
 */
export function readTrust(env: Environment, isBun: boolean): Trust {
  const named = VARIABLES.filter((name) => env[name]);
  if (named.length === 0) return { certificates: undefined, faults: [] };
  const extra = new Set<string>();
  const faults: TrustFault[] = [];
  for (const name of named) {
    const file = env[name] ?? "";
    const outcome = readFile(file);
    if ("certificates" in outcome) for (const certificate of outcome.certificates) extra.add(certificate);
    else {
      // Both runtimes warn of a file of this name that cannot be read, and Bun also of one that
      // holds none.
      const isTold = name === "NODE_EXTRA_CA_CERTS" && (isBun || outcome.isUnread === true);
      faults.push({ text: `${name} names ${file}, which ${outcome.fault}`, isTold });
    }
  }
  const isNative = !isBun && !env.SSL_CERT_FILE;
  return { certificates: isNative || extra.size === 0 ? undefined : [...rootCertificates, ...extra], faults };
}

/** Its certificates, or why there are none; `isUnread`: the system does not let it be read. */
type CaFile =
  | { readonly certificates: readonly string[] }
  | { readonly fault: string; readonly isUnread?: true };

function readFile(path: string): CaFile {
  let text: string;
  try {
    // A pipe would be waited for: it is no file, and not opened as one.
    const descriptor = openSync(path, READ_NOW);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) return { fault: "is no file" };
      if (stat.size > MAX_PEM_BYTES) return { fault: `has more than ${MAX_PEM_BYTES} bytes` };
      text = readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/, open .*$/, "") : String(error);
    return { fault: `cannot be read: ${reason}`, isUnread: true };
  }
  const certificates = parseCertificates(text);
  return certificates.length > 0
    ? { certificates }
    : { fault: "holds no certificate (PEM: -----BEGIN CERTIFICATE-----)" };
}

const READ_NOW = constants.O_RDONLY | constants.O_NONBLOCK;

/** The certificates in a text, each as PEM; what is none is passed over. */
export function parseCertificates(text: string): readonly string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.filter((block) => {
    try {
      return new X509Certificate(block).subject !== undefined;
    } catch {
      return false;
    }
  });
}
