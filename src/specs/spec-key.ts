// Keys that sign specs: Ed25519 (RFC 8032). The public half is one line, to be pasted into a host's
// configuration.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

/** DER of a SubjectPublicKeyInfo with Ed25519, before the key's 32 bytes (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

const PUBLIC_KEY = /^ed25519:([A-Za-z0-9_-]{43})$/;

/** A public key and the name under which signatures refer to it. */
export interface PublicKey {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Makes a pair: the private half as PKCS #8 in PEM, the public one as `ed25519:…`. */
export function makeKeyPair(): { readonly privatePem: string; readonly publicText: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicText: formatPublicKey(publicKey),
  };
}

/** @returns undefined if it is no public key */
export function parsePublicKey(text: string): PublicKey | undefined {
  const encoded = PUBLIC_KEY.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  const raw = Buffer.from(encoded, "base64url");
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
  return { id: identify(raw), key };
}

/** @returns undefined if it is no private key of this kind */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    // What OpenSSL says of a file that is none helps nobody.
    return undefined;
  }
}

/** `ed25519:` and 43 characters. @param key a public or a private one */
export function formatPublicKey(key: KeyObject): string {
  return `ed25519:${readRaw(key).toString("base64url")}`;
}

/** The id of a key pair. */
export function findKeyId(key: KeyObject): string {
  return identify(readRaw(key));
}

function readRaw(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length);
}

function identify(raw: Buffer): string {
  return createHash("sha256").update(raw).digest("hex").slice(0, 16);
}
