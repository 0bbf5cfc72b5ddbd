// EC2's word for an instance's id: its identity document and the signature over it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
import { verify, X509Certificate } from "node:crypto";
import * as z from "zod";
import { parseJson } from "../report/parse-json.ts";

/** As the metadata service gives them: dynamic/instance-identity/document and …/signature. */
export const identitySchema = z.strictObject({
  document: z.string().max(16_384).describe("The instance identity document, byte for byte."),
  signature: z.string().max(1024).describe("Its signature, base64."),
});
export type Identity = z.infer<typeof identitySchema>;

const DOCUMENT = z.object({ instanceId: z.string(), accountId: z.string() });

/** Whom to believe, and about which accounts. */
interface DocumentTrust {
  /**
   * AWS's certificates for the Regions in use, which AWS lists on the page "AWS public
   * certificates".
   */
  readonly certificates: readonly X509Certificate[];
  readonly accounts: readonly string[];
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The page "AWS public certificates for instance identity document signatures". */
const CERTIFICATES_PAGE = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/regions-certs.html";

/** A certificate that ends within this time is told of when the server starts; ms. */
const NOTICE_MS = 30 * 24 * 3_600_000;

/** Reads PEM certificates. @throws Error if there is none, or one that cannot be read */
export function parseCertificates(text: string): X509Certificate[] {
  const found = text.match(PEM) ?? [];
  if (found.length === 0) throw new Error("it holds no PEM certificate");
  return found.map((pem) => new X509Certificate(pem));
}

/**
 * Tells why the document does not prove that its sender is this instance.
 *
 * @param now ms since the epoch
 * @returns undefined if it does
 */
export function findIdentityFault(
  { document, signature }: Identity,
  id: string,
  { certificates, accounts }: DocumentTrust,
  now: number,
): string | undefined {
  const bytes = Buffer.from(document);
  const signed = Buffer.from(signature, "base64");
  // The page "Verify the instance identity document using the base64-encoded signature": RSA with
  // SHA-256.
  const signers = certificates.filter(({ publicKey }) => verify("RSA-SHA256", bytes, publicKey, signed));
  // One key may stand in several certificates, of which one is renewed.
  const faults = signers.map((certificate) => findDateFault(certificate, now));
  if (faults.length === 0) return "the identity document is not signed by a certificate that is trusted here";
  if (!faults.includes(undefined)) return `the identity document is signed by ${faults[0]}`;
  const parsed = DOCUMENT.safeParse(parseJson(document)).data;
  if (parsed?.instanceId !== id) return "the identity document is another instance's";
  return accounts.includes(parsed.accountId)
    ? undefined
    : `the account ${parsed.accountId} is not trusted here`;
}

/**
 * What an operator should know of the dates of certificates, a sentence each. @param now ms since
 * the epoch
 */
export function describeDates(certificates: readonly X509Certificate[], now: number): string[] {
  return certificates.flatMap((certificate) => {
    const fault = findDateFault(certificate, now);
    if (fault !== undefined) return [`of the identity certificates ${fault}`];
    const soon = findDateFault(certificate, now + NOTICE_MS);
    return soon === undefined
      ? []
      : [
          "of the identity certificates one ends within 30 days: " +
            `${nameCertificate(certificate)}; ${WHAT_TO_DO}`,
        ];
  });
}

const WHAT_TO_DO =
  "put AWS's present one into the file of --identity-certificates " +
  `(${CERTIFICATES_PAGE}) and start the server anew`;

/**
 * RFC 5280, section 4.1.2.5: a certificate counts from notBefore to notAfter, both included.
 *
 * @returns undefined where it counts now
 */
function findDateFault(certificate: X509Certificate, now: number): string | undefined {
  const [from, to] = [parseDate(certificate.validFrom), parseDate(certificate.validTo)];
  const name = nameCertificate(certificate);
  if (from === undefined || to === undefined) return `a certificate whose dates cannot be read: ${name}`;
  if (now < from)
    return (
      `a certificate that is not valid yet: ${name}; is this server's clock right? It ` +
      `is ${formatDate(now)} by it`
    );
  // To a whole second.
  return now < to + 1000 ? undefined : `a certificate that has expired: ${name}; ${WHAT_TO_DO}`;
}

function nameCertificate(certificate: X509Certificate): string {
  const subject = certificate.subject.split("\n").join(", ");
  const [from, to] = [parseDate(certificate.validFrom), parseDate(certificate.validTo)].map(formatDate);
  return `${subject} (serial ${certificate.serialNumber}, valid from ${from} to ${to})`;
}

function formatDate(ms: number | undefined): string {
  return ms === undefined ? "?" : new Date(ms).toISOString().replace(".000Z", "Z");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * As OpenSSL writes dates (ASN1_TIME_print), in whole seconds: `Jan  5 08:09:10 2034 GMT`. @returns
 * ms since the epoch
 */
function parseDate(text: string): number | undefined {
  const [, month = "", ...rest] =
    /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) GMT$/.exec(text) ?? [];
  const [day = 0, hour = 0, minute = 0, second = 0, year = 0] = rest.map(Number);
  return rest.length === 0 ? undefined : Date.UTC(year, MONTHS.indexOf(month), day, hour, minute, second);
}
