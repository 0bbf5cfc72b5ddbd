// rollcall doctor's look at the way to the target: which proxy it goes through, and whose
// certificates count on it.
import { NetworkFailure } from "../../network/failure.ts";
import type { Environment } from "../../network/proxy.ts";
import { findRoute } from "../../network/route.ts";
import { readAwsTrust } from "../../store/aws-trust.ts";
import { StoreError } from "../../store/store.ts";
import type { Finding } from "./doctor.ts";

const TRUST_VARIABLES = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/** @param url of the server or bucket; undefined for a folder */
export async function checkNetwork(url: URL | undefined, isAws: boolean, env: Environment): Promise<Finding> {
  const check = "network";
  if (!url) return { check, outcome: "skipped", detail: "a folder is reached without one" };
  const fix = "set the variables right: docs/networks.md";
  try {
    const own = isAws ? await readAwsTrust(env) : undefined;
    const { proxy, faults } = findRoute(url, env, own);
    const way = proxy
      ? `through the proxy ${proxy.origin} (${proxy.variable})`
      : "directly, through no proxy";
    const named = own ? [own.variable] : TRUST_VARIABLES.filter((name) => env[name]);
    const trust =
      named.length > 0 && url.protocol === "https:" ? `; with the CAs of ${named.join(" and ")}` : "";
    const detail = `${url.origin}: ${way}${trust}`;
    return faults.length === 0
      ? { check, outcome: "ok", detail }
      : { check, outcome: "warning", detail: `${detail}; ${faults.join("; ")}`, fix };
  } catch (error) {
    if (!(error instanceof NetworkFailure || error instanceof StoreError)) throw error;
    return { check, outcome: "failed", detail: `${url.origin}: ${error.message}`, fix };
  }
}

/** Where a bucket is asked. @returns undefined for a folder */
export async function findBucketUrl(storeUrl: string, env: Environment): Promise<URL | undefined> {
  if (!/^s3:/i.test(storeUrl)) return undefined;
  const [{ parseS3Url }, { resolveEndpoint }] = await Promise.all([
    import("../../store/s3-url.ts"),
    import("../../store/s3-endpoint.ts"),
  ]);
  return new URL((await resolveEndpoint(parseS3Url(storeUrl), env)).origin);
}
