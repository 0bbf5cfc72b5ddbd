// The certificate and key that a server speaks TLS with: read from their files, and checked so that
// a mistake names the file.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { MAX_PEM_BYTES, readBoundedFile } from "../network/bounded-file.ts";

/** PEM files: the certificate with its chain after it, and its private key. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Files that cannot be served with. The message names the one at fault, in one line. */
export class CertificateError extends Error {
  override name = "CertificateError";
}

/**
 * Reads both files. Whether they fit is another question. @throws CertificateError if one cannot be
 * read
 */
export async function readPair({ certFile, keyFile }: TlsFiles): Promise<TlsPair> {
  const [cert, key] = await Promise.all([read(certFile), read(keyFile)]);
  return { cert, key };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readBoundedFile(file, MAX_PEM_BYTES);
  } catch (error) {
    throw new CertificateError(`cannot read the TLS file ${file}: ${(error as Error).message}`);
  }
}

/** Checks that a pair can be served with. @throws CertificateError */
export function checkPair({ cert, key }: TlsPair, { certFile, keyFile }: TlsFiles): void {
  const certificate = parse(
    () => new X509Certificate(cert),
    () => `${certFile} holds no certificate in PEM`,
  );
  const privateKey: KeyObject = parse(
    () => createPrivateKey(key),
    () =>
      key.includes("ENCRYPTED")
        ? `the key in ${keyFile} has a passphrase; give one without`
        : `${keyFile} holds no private key in PEM`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new CertificateError(`the key in ${keyFile} is not the key of the certificate in ${certFile}`);
  parse(
    () => createSecureContext({ cert, key }),
    (reason) => `the certificate in ${certFile} cannot be used: ${reason}`,
  );
}

function parse<T>(make: () => T, describe: (reason: string) => string): T {
  try {
    return make();
  } catch (error) {
    throw new CertificateError(describe((error as Error).message.replaceAll("\n", " ")));
  }
}

/** Whether two pairs are the same bytes. */
export function isSamePair(one: TlsPair, other: TlsPair): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key);
}
