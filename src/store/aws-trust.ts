// AWS_CA_BUNDLE: the CAs that count for AWS's endpoints and S3 servers in the place of all others,
// as for AWS's own programs.
import { MAX_PEM_BYTES, readBoundedFile } from "../network/bounded-file.ts";
import type { Environment } from "../network/proxy.ts";
import type { CustomTrust } from "../network/route.ts";
import { parseCertificates } from "../network/trust.ts";
import { StoreError } from "./store.ts";

/**
 * @returns undefined where it is not set
 * @throws StoreError if the file cannot be read or holds no certificate
 */
export async function readAwsTrust({ AWS_CA_BUNDLE: file }: Environment): Promise<CustomTrust | undefined> {
  if (!file) return undefined;
  let text: string;
  try {
    text = (await readBoundedFile(file, MAX_PEM_BYTES)).toString("utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown";
    throw new StoreError(`[store] [s3] cannot read the certificates that AWS_CA_BUNDLE names: ${reason}`, {
      cause: error,
    });
  }
  const certificates = parseCertificates(text);
  if (certificates.length === 0)
    throw new StoreError(`[store] [s3] AWS_CA_BUNDLE names ${file}, which holds no certificate (PEM)`);
  return { certificates, variable: "AWS_CA_BUNDLE" };
}
