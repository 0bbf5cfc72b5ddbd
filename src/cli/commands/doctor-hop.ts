// rollcall doctor's word on which part of the way is closed, and what opens it.
import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { toFailure } from "../../network/failure.ts";
import { bracketless, type HttpProxy } from "../../network/proxy.ts";
import { endInTime } from "../../network/time-limit.ts";
import type { StoreHop } from "../../store/store.ts";

/** For a name to be looked up, and for a connection; ms. */
const DNS_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 4000;

/** What is known of where it goes. */
export interface Destination {
  readonly kind: "bucket" | "server";
  /** The bucket's, where it is AWS's. */
  readonly awsRegion?: string | undefined;
}

/**
 * Which part of the way an error is about: what it, or what caused it, says; undefined: unknown.
 */
export function findHop(error: unknown): StoreHop | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++) {
    const { hop } = one as { readonly hop?: StoreHop | undefined };
    if (hop !== undefined) return hop;
  }
  return undefined;
}

/** What to do where a part of the way is closed. */
export function adviseOn(hop: StoreHop, { kind, awsRegion }: Destination): string {
  const isAws = awsRegion !== undefined;
  const s3 = `com.amazonaws.${awsRegion}.s3`;
  const advice: Readonly<Record<StoreHop, string>> = {
    dns:
      "check the name; /etc/resolv.conf says who is asked for it" +
      (isAws ? "; in a VPC, DNS support has to be on, and private DNS for an interface endpoint" : ""),
    tcp: isAws
      ? `open a way: a gateway endpoint for S3 (${s3}) in the subnet's route table, or an interface ` +
        "endpoint, or HTTPS_PROXY; and let the security group out on port 443"
      : "check the address and port, the route and the security groups, or set HTTPS_PROXY",
    proxy: "check HTTPS_PROXY, and that the proxy lets this host through; NO_PROXY names what needs none",
    tls:
      "name the CA in SSL_CERT_FILE (AWS_CA_BUNDLE for AWS's services), or check what looks into " +
      "TLS between",
    http: isAws
      ? "something between takes the connection and gives no answer of S3's: a firewall, or a " +
        "proxy that is not named; name it in HTTPS_PROXY, or have it let S3 through"
      : "something takes the connection and gives no answer: check the address, and what stands between",
    credentials:
      "give this host an instance profile or AWS credentials (docs/stores/s3.md); in a container " +
      "on EC2, a hop limit of 2: aws ec2 modify-instance-metadata-options --instance-id … " +
      "--http-put-response-hop-limit 2",
    sts: "set --role-ids, or open a way to STS of this host's region; docs/networks.md",
    region:
      "name the bucket's own region in the store's URL; an endpoint for S3 leads to its own region alone",
    policy:
      "compare the key in the message with the bucket's policy, the role's, and that of the VPC endpoint; " +
      "docs/aws.md, docs/networks.md",
  };
  return kind === "server" && hop === "policy" ? "check the API key" : advice[hop];
}

/** Whether the first machine on the way can be reached, and under which address. */
export type FirstHop = { readonly address: string } | { readonly hop: StoreHop; readonly reason: string };

/** Looks the name up and connects: the proxy's, where one is asked. Nothing is sent. */
export async function probeFirstHop(url: URL, proxy: HttpProxy | undefined): Promise<FirstHop> {
  const first = proxy === undefined ? url : new URL(proxy.origin);
  const host = bracketless(first.hostname);
  const port = Number(first.port || (first.protocol === "https:" ? 443 : 80));
  const of = proxy === undefined ? "" : `the proxy ${proxy.origin} (${proxy.variable}): `;
  const close = (hop: StoreHop, reason: string): FirstHop => ({
    hop: proxy === undefined ? hop : "proxy",
    reason: `${of}${reason}`,
  });
  let address: string;
  try {
    ({ address } = await endInTime(
      lookup(host),
      DNS_TIMEOUT_MS,
      () => new Error(`DNS does not answer within ${DNS_TIMEOUT_MS / 1000} s`),
    ));
  } catch (error) {
    return close("dns", `${host}: ${describe(error)}`);
  }
  try {
    await connectTo(address, port);
    return { address };
  } catch (error) {
    return close("tcp", `${address} port ${port}: ${describe(error)}`);
  }
}

function connectTo(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(
      () => end(new Error(`there is no connection within ${CONNECT_TIMEOUT_MS / 1000} s`)),
      CONNECT_TIMEOUT_MS,
    );
    const end = (error?: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.on("error", end);
    socket.on("connect", () => end());
  });
}

function describe(error: unknown): string {
  return toFailure(error).message;
}
