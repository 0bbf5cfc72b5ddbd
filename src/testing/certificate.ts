// For tests: self-signed certificates, made in the process, so that no openssl is needed. X.509 is
// RFC 5280, its encoding DER ITU-T X.690.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface MadeCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** The subject's common name, and the issuer's. */
  readonly name: string;
  /** ms since the epoch; in whole seconds, as certificates have it. */
  readonly from?: number;
  readonly days?: number;
  readonly kind?: "rsa" | "ec";
}

const DAY_MS = 86_400_000;

/** Tags of X.690, chapter 8. */
const TAG = { integer: 0x02, bits: 0x03, oid: 0x06, utf8: 0x0c, time: 0x17, sequence: 0x30, set: 0x31 };

/** 2.5.4.3, in its encoded form. */
const COMMON_NAME = "550403";
/**
 * RFC 4055 and RFC 5758: sha256WithRSAEncryption, whose parameters are NULL, and ecdsa-with-SHA256.
 */
const ALGORITHMS = { rsa: ["2a864886f70d01010b", "0500"], ec: ["2a8648ce3d040302", ""] } as const;

/** Makes a key and a certificate by which it vouches for itself. */
export function makeCertificate({
  name,
  from = Date.now(),
  days = 2,
  kind = "ec",
}: CertificateOptions): MadeCertificate {
  const pair =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const [oid, parameters] = ALGORITHMS[kind];
  const algorithm = write(TAG.sequence, write(TAG.oid, hex(oid)), hex(parameters));
  const attribute = write(TAG.sequence, write(TAG.oid, hex(COMMON_NAME)), write(TAG.utf8, Buffer.from(name)));
  const person = write(TAG.sequence, write(TAG.set, attribute));
  const until = from + days * DAY_MS;
  const told = write(
    TAG.sequence,
    // Positive, whatever chance gives.
    write(TAG.integer, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    person,
    write(TAG.sequence, write(TAG.time, formatTime(from)), write(TAG.time, formatTime(until))),
    person,
    pair.publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", told, pair.privateKey);
  // No bit of the last byte is unused.
  const bits = write(TAG.bits, Buffer.of(0), signature);
  const der = write(TAG.sequence, told, algorithm, bits);
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${wrap(der.toString("base64"))}-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    privateKey: pair.privateKey,
  };
}

function write(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const head =
    length < 0x100 ? Buffer.of(tag, 0x81, length) : Buffer.of(tag, 0x82, length >> 8, length & 0xff);
  return Buffer.concat([head, content]);
}

/** UTCTime, as it must be for years before 2050: 240229235959Z. */
function formatTime(ms: number): Buffer {
  return Buffer.from(
    `${new Date(ms)
      .toISOString()
      .slice(2)
      .replace(/[-:T]|\.\d{3}Z/g, "")}Z`,
  );
}

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const wrap = (text: string): string => text.replace(/.{1,64}/g, "$&\n");
