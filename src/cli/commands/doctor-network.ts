// rollcall doctor's look at the way to the target: which proxy it goes through, whose certificates
// count on it, and whether its first machine can be reached.
import { parseS3Host } from "../../network/aws-address.ts";
import { NetworkFailure } from "../../network/failure.ts";
import type { Environment } from "../../network/proxy.ts";
import { findRoute } from "../../network/route.ts";
import { readAwsTrust } from "../../store/aws-trust.ts";
import { StoreError } from "../../store/store.ts";
import type { Finding } from "./doctor.ts";
import { adviseOn, type Destination, findHop, probeFirstHop } from "./doctor-hop.ts";

const TRUST_VARIABLES = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/** @param url of the server or bucket; undefined for a folder */
export async function checkNetwork(
  url: URL | undefined,
  destination: Destination,
  env: Environment,
): Promise<Finding> {
  const check = "network";
  if (!url) return { check, outcome: "skipped", detail: "a folder is reached without one" };
  const fix = "set the variables right: docs/networks.md";
  try {
    const own = destination.kind === "bucket" ? await readAwsTrust(env) : undefined;
    const { proxy, faults } = findRoute(url, env, own);
    const way = proxy
      ? `through the proxy ${proxy.origin} (${proxy.variable})`
      : "directly, through no proxy";
    const named = own ? [own.variable] : TRUST_VARIABLES.filter((name) => env[name]);
    const trust =
      named.length > 0 && url.protocol === "https:" ? `; with the CAs of ${named.join(" and ")}` : "";
    const detail = `${url.origin}: ${way}${trust}`;
    const first = await probeFirstHop(url, proxy);
    if ("reason" in first)
      return {
        check,
        outcome: "failed",
        hop: first.hop,
        detail: `${detail}; ${first.reason}`,
        fix: adviseOn(first.hop, destination),
      };
    const told = `${detail}; ${first.address} takes connections`;
    return faults.length === 0
      ? { check, outcome: "ok", detail: told }
      : { check, outcome: "warning", detail: `${told}; ${faults.join("; ")}`, fix };
  } catch (error) {
    if (!(error instanceof NetworkFailure || error instanceof StoreError)) throw error;
    const hop = findHop(error);
    return {
      check,
      outcome: "failed",
      ...(hop && { hop }),
      detail: `${url.origin}: ${error.message}`,
      fix,
    };
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

/** What is known of a target by its address. */
export function describeDestination(kind: "store" | "server", url: URL | undefined): Destination {
  if (kind === "server") return { kind };
  return { kind: "bucket", awsRegion: url && parseS3Host(url.hostname)?.region };
}
