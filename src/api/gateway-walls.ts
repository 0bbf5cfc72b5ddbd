// What the function behind API Gateway checks again of what stands in front of it. API Gateway uses
// a changed policy or method only from its next deployment on; these settings count at once.
import { BlockList, isIP } from "node:net";
import type { CallerKind } from "../access/caller.ts";
import { TOKEN_CLOCK_TOLERANCE_S } from "../access/token-bounds.ts";
import type { Clock } from "../report/clock.ts";
import { splitList } from "../report/list-text.ts";
import type { GatewayEvent } from "./gateway-event.ts";
import { formatIdentity, parseIdentity } from "./gateway-identity.ts";

/** How a caller shows who it is (infra, "Authorization"). */
const AUTHORIZATIONS = {
  API_KEY: "key",
  AWS_IAM: "signature",
  JWT: "identity",
} as const satisfies Record<string, CallerKind>;
type Authorization = keyof typeof AUTHORIZATIONS;

export interface GatewayWalls {
  /** By what means a caller shows who it is. */
  readonly callerKind: CallerKind;
  /** Why an event is not answered, for people; undefined where it is. */
  refuse(event: GatewayEvent): string | undefined;
  /**
   * Who asks, by the one means that is asked for, as the keyring takes it (createGatewayKeyring);
   * undefined where nobody has shown it.
   */
  readCaller(event: GatewayEvent): string | undefined;
}

/** Environment variables as the stack sets them; what is empty is not set. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings.
 *
 * @throws TypeError that names the variable: a wall that cannot be read must not stand open
 */
export function readGatewayWalls(env: Environment, clock: Clock): GatewayWalls {
  const authorization = readAuthorization(env.ROLLCALL_AUTHORIZATION);
  const networks = splitList(env.ROLLCALL_ALLOWED_CIDRS);
  const allowed = new BlockList();
  for (const network of networks) addNetwork(allowed, network);
  const endpoints = new Set(splitList(env.ROLLCALL_VPC_ENDPOINTS));

  return {
    callerKind: AUTHORIZATIONS[authorization],

    refuse({ requestContext }) {
      const { sourceIp, vpceId } = requestContext.identity;
      if (networks.length > 0 && !isWithin(allowed, sourceIp ?? ""))
        return "the caller's address is in none of the networks that may ask";
      if (endpoints.size > 0 && !endpoints.has(vpceId ?? ""))
        return "the request has not come through a VPC endpoint that may be used";
      return undefined;
    },

    readCaller({ requestContext: { identity, authorizer } }) {
      switch (authorization) {
        case "API_KEY":
          return identity.apiKeyId || undefined;
        case "AWS_IAM":
          return identity.userArn || undefined;
        case "JWT":
          return readIdentity(authorizer?.identity, clock());
      }
    },
  };
}

/** API Gateway may keep what its authorizer said, and not beyond the token's end. */
function readIdentity(text: unknown, now: number): string | undefined {
  const identity = parseIdentity(text);
  if (identity === undefined) return undefined;
  const isOver = Date.parse(identity.expires_at) + TOKEN_CLOCK_TOLERANCE_S * 1000 <= now;
  return isOver ? undefined : formatIdentity(identity);
}

function readAuthorization(text: string | undefined): Authorization {
  const names = Object.keys(AUTHORIZATIONS) as Authorization[];
  const found = names.find((one) => one === (text || "API_KEY"));
  if (found === undefined)
    throw new TypeError(`ROLLCALL_AUTHORIZATION: should be one of ${names.join(", ")}`);
  return found;
}

function addNetwork(list: BlockList, network: string): void {
  const [address = "", prefix = "", ...rest] = network.split("/");
  const family = isIP(address);
  const length = Number(prefix);
  const isLength = /^\d{1,3}$/.test(prefix) && length <= (family === 4 ? 32 : 128);
  if (family === 0 || !isLength || rest.length > 0)
    throw new TypeError(
      `ROLLCALL_ALLOWED_CIDRS: ${JSON.stringify(network)} is no network such as 203.0.113.0/24`,
    );
  list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
}

function isWithin(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}
