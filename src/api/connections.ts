// Connections: how many may be open at a time, so that no one address keeps all others out.
import type { Socket } from "node:net";

/** What a connection is judged by. */
type Connection = Pick<Socket, "remoteAddress" | "remotePort" | "destroy" | "once">;

/** Whether an answer is done with. */
type Answer = { readonly writableFinished: boolean; readonly destroyed: boolean };

export interface ConnectionLimits {
  /** Open at a time. */
  readonly most: number;
  /** Of one address, without a whole request yet. */
  readonly mostUnheard: number;
  /** Behind a proxy all come from its address, and whoever is behind it is its own business. */
  readonly isByAddress: boolean;
  /** ms from some fixed instant. */
  readonly monotonic: () => number;
}

/** A connection without a request for so long may be closed for another; ms. Younger ones may be of a fleet that starts at once. */
const YOUNG_MS = 1000;

export interface Connections {
  /** Takes a connection in, or closes it; or takes it in and closes another one for it. */
  admit(connection: Connection): void;
  /** A request has come on a connection. */
  hear(connection: Connection, answer: Answer): void;
}

interface Open {
  readonly connection: Connection;
  readonly address: string;
  readonly since: number;
  /** To the last request; undefined before the first. */
  answer: Answer | undefined;
}

interface Share {
  /** Oldest first. */
  readonly open: Set<Open>;
  unheard: number;
}

/** Makes a count of the connections of a server. */
export function createConnections({ most, mostUnheard, isByAddress, monotonic }: ConnectionLimits): Connections {
  const shares = new Map<string, Share>();
  /** By address and port: over TLS, what carries requests is another object than what was accepted. */
  const byPort = new Map<string, Open>();
  const known = new WeakMap<Connection, Open>();
  let total = 0;

  function add(connection: Connection, address: string, share: Share): void {
    const one: Open = { connection, address, since: monotonic(), answer: undefined };
    const port = nameOf(connection);
    shares.set(address, share);
    share.open.add(one);
    share.unheard++;
    byPort.set(port, one);
    total++;
    connection.once("close", () => {
      if (byPort.get(port) === one) byPort.delete(port);
      remove(one);
    });
  }

  function remove(one: Open): void {
    const share = shares.get(one.address);
    if (!share?.open.delete(one)) return;
    total--;
    if (!one.answer) share.unheard--;
    if (share.open.size === 0) shares.delete(one.address);
  }

  function close(one: Open | undefined): boolean {
    if (!one) return false;
    // Its own close event comes later, and the room is needed now.
    remove(one);
    one.connection.destroy();
    return true;
  }

  function findUnheard({ open }: Share): Open | undefined {
    for (const one of open) {
      if (monotonic() - one.since < YOUNG_MS) return undefined;
      if (!one.answer) return one;
    }
    return undefined;
  }

  function findIdle({ open }: Share): Open | undefined {
    for (const one of open) if (one.answer?.writableFinished || one.answer?.destroyed) return one;
    return undefined;
  }

  function findLargest(): Share | undefined {
    let largest: Share | undefined;
    for (const share of shares.values()) if (!largest || share.open.size > largest.open.size) largest = share;
    return largest;
  }

  /** Who has most gives way: what has asked nothing, what has its answer, and what asks only for an address that has fewer. */
  function makeRoom(newcomer: Share): boolean {
    const largest = findLargest();
    if (!largest) return false;
    if (close(findUnheard(largest)) || close(findIdle(largest))) return true;
    if (largest.open.size <= newcomer.open.size + 1) return false;
    const [oldest] = largest.open;
    return close(oldest);
  }

  return {
    admit(connection) {
      const address = isByAddress ? networkOf(connection.remoteAddress ?? "") : "";
      const share = shares.get(address) ?? { open: new Set(), unheard: 0 };
      const isCrowded = isByAddress && share.unheard >= mostUnheard;
      const hasRoom = (!isCrowded || close(findUnheard(share))) && (total < most || makeRoom(share));
      if (hasRoom) add(connection, address, shares.get(address) ?? share);
      else connection.destroy();
    },
    hear(connection, answer) {
      const one = known.get(connection) ?? byPort.get(nameOf(connection));
      if (!one) return;
      if (!one.answer) known.set(connection, one);
      const share = shares.get(one.address);
      if (!one.answer && share?.open.has(one)) share.unheard--;
      one.answer = answer;
    },
  };
}

function nameOf({ remoteAddress, remotePort }: Connection): string {
  return `${remoteAddress} ${remotePort}`;
}

/** One customer's addresses count as one: an IPv6 network of /64 is the least that anybody gets (RFC 6177). */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after].slice(0, 4).join(":");
}
