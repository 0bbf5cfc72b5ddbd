// EC2's word for an instance's id: its identity document and the signature over it.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
import { verify, X509Certificate } from "node:crypto";
import * as z from "zod";

/** As the metadata service gives them: dynamic/instance-identity/document and …/signature. */
export const identitySchema = z.strictObject({
  document: z.string().max(16_384).describe("The instance identity document, byte for byte."),
  signature: z.string().max(1024).describe("Its signature, base64."),
});
export type Identity = z.infer<typeof identitySchema>;

const DOCUMENT = z.object({ instanceId: z.string(), accountId: z.string() });

/** Whom to believe, and about which accounts. */
export interface IdentityTrust {
  /** AWS's certificates for the Regions in use, which AWS lists on the page "AWS public certificates". */
  readonly certificates: readonly X509Certificate[];
  readonly accounts: readonly string[];
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads PEM certificates. @throws Error if there is none, or one that cannot be read */
export function parseCertificates(text: string): X509Certificate[] {
  const found = text.match(PEM) ?? [];
  if (found.length === 0) throw new Error("it holds no PEM certificate");
  return found.map((pem) => new X509Certificate(pem));
}

/** @returns why the document does not prove that its sender is this instance; undefined if it does */
export function findIdentityFault({ document, signature }: Identity, id: string, trust: IdentityTrust): string | undefined {
  const bytes = Buffer.from(document);
  const signed = Buffer.from(signature, "base64");
  // The page "Verify the instance identity document using the base64-encoded signature": RSA with SHA-256.
  const isSigned = trust.certificates.some(({ publicKey }) => verify("RSA-SHA256", bytes, publicKey, signed));
  if (!isSigned) return "the identity document is not signed by a certificate that is trusted here";
  const parsed = DOCUMENT.safeParse(parseJson(document)).data;
  if (parsed?.instanceId !== id) return "the identity document is another instance's";
  return trust.accounts.includes(parsed.accountId) ? undefined : `the account ${parsed.accountId} is not trusted here`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
