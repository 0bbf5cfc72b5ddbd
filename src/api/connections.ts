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

/**
 * A connection without a request for so long may be closed for another; ms. Younger ones may be of
 * a fleet that starts at once.
 */
const YOUNG_MS = 1000;

/**
 * How often all connections are looked over for what can give way, while there is no room; ms.
 * Strangers bring this about, and what comes in between goes by what was seen then.
 */
const LOOK_AGAIN_MS = 20;

export interface Connections {
  /** Takes a connection in, or closes it; or takes it in and closes another one for it. */
  admit(connection: Connection): void;
  /** A request has come on a connection. */
  noteRequest(connection: Connection, answer: Answer): void;
}

interface OpenConnection {
  readonly connection: Connection;
  readonly address: string;
  readonly since: number;
  /** To the last request; undefined before the first. */
  answer: Answer | undefined;
}

interface AddressShare {
  readonly open: Set<OpenConnection>;
  /** Oldest first. */
  readonly unheard: Set<OpenConnection>;
  /** What could give way when it was last looked for. */
  spare: OpenConnection[];
}

/** Makes a count of the connections of a server. */
export function createConnections({
  most,
  mostUnheard,
  isByAddress,
  monotonic,
}: ConnectionLimits): Connections {
  const shares = new Map<string, AddressShare>();
  const sizes = createSizes();
  /** Those that had something to spare when it was last looked for, the largest last. */
  let sparing: AddressShare[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  /**
   * By address and port: over TLS, what carries requests is another object than what was accepted.
   */
  const byPort = new Map<string, OpenConnection>();
  const known = new WeakMap<Connection, OpenConnection>();
  let total = 0;

  function add(connection: Connection, address: string, share: AddressShare): void {
    const one: OpenConnection = { connection, address, since: monotonic(), answer: undefined };
    const port = nameOf(connection);
    shares.set(address, share);
    share.open.add(one);
    share.unheard.add(one);
    sizes.move(share, share.open.size - 1);
    byPort.set(port, one);
    total++;
    connection.once("close", () => {
      if (byPort.get(port) === one) byPort.delete(port);
      remove(one);
    });
  }

  function remove(one: OpenConnection): void {
    const share = shares.get(one.address);
    if (!share?.open.delete(one)) return;
    total--;
    share.unheard.delete(one);
    sizes.move(share, share.open.size + 1);
    if (share.open.size === 0) shares.delete(one.address);
  }

  function close(one: OpenConnection | undefined): boolean {
    if (!one) return false;
    // Its own close event comes later, and the room is needed now.
    remove(one);
    one.connection.destroy();
    return true;
  }

  function findUnheard({ unheard }: AddressShare): OpenConnection | undefined {
    const [oldest] = unheard;
    return oldest && isOld(oldest) ? oldest : undefined;
  }

  function isOld({ since }: OpenConnection): boolean {
    return monotonic() - since >= YOUNG_MS;
  }

  /** What nobody waits for: it has asked nothing for a while, or has its answer. */
  function isSpare(one: OpenConnection): boolean {
    return one.answer ? one.answer.writableFinished || one.answer.destroyed : isOld(one);
  }

  /** An answer that is done with tells nobody, so all are looked over; but seldom. */
  function lookForSpare(): void {
    if (monotonic() - lookedAt < LOOK_AGAIN_MS) return;
    lookedAt = monotonic();
    sparing = [];
    for (const share of sizes.ascending()) {
      const spare = [...share.open].filter(isSpare);
      // Taken from the end: what has asked nothing goes first.
      share.spare = [
        ...spare.filter(({ answer }) => answer),
        ...spare.filter(({ answer }) => !answer).reverse(),
      ];
      if (spare.length > 0) sparing.push(share);
    }
  }

  function findSpare({ open, spare }: AddressShare): OpenConnection | undefined {
    for (let one = spare.at(-1); one; one = spare.at(-1)) {
      if (open.has(one) && isSpare(one)) return one;
      spare.pop();
    }
    return undefined;
  }

  function findLargestSparing(): AddressShare | undefined {
    while (sparing.length > 0) {
      const share = sparing.at(-1) as AddressShare;
      if (findSpare(share)) return share;
      sparing.pop();
    }
    return undefined;
  }

  /**
   * Who has most gives way: what nobody waits for, and what is in use only for an address that has
   * fewer. Before anybody is sent away, all who have no fewer than the newcomer give way by what
   * nobody waits for.
   */
  function makeRoom(newcomer: AddressShare): boolean {
    lookForSpare();
    const sparer = findLargestSparing();
    const spare = sparer && findSpare(sparer);
    if (sparer?.open.size === sizes.largest() && close(spare)) return true;
    if (sizes.largest() > newcomer.open.size + 1) {
      const [oldest] = sizes.anyLargest()?.open ?? [];
      return close(oldest);
    }
    if (close(findSpare(newcomer))) return true;
    return sparer !== undefined && sparer.open.size >= newcomer.open.size && close(spare);
  }

  return {
    admit(connection) {
      const address = isByAddress ? networkOf(connection.remoteAddress ?? "") : "";
      const share = shares.get(address) ?? { open: new Set(), unheard: new Set(), spare: [] };
      const isCrowded = isByAddress && share.unheard.size >= mostUnheard;
      const hasRoom = (!isCrowded || close(findUnheard(share))) && (total < most || makeRoom(share));
      if (hasRoom) add(connection, address, shares.get(address) ?? share);
      else connection.destroy();
    },
    noteRequest(connection, answer) {
      const one = known.get(connection) ?? byPort.get(nameOf(connection));
      if (!one) return;
      if (!one.answer) known.set(connection, one);
      shares.get(one.address)?.unheard.delete(one);
      one.answer = answer;
    },
  };
}

/** Shares by their size, so that the largest is known without a look at all. */
function createSizes() {
  const bySize = new Map<number, Set<AddressShare>>();
  let largest = 0;
  return {
    largest: () => largest,
    anyLargest(): AddressShare | undefined {
      const [share] = bySize.get(largest) ?? [];
      return share;
    },
    *ascending(): Generator<AddressShare> {
      for (let size = 1; size <= largest; size++) yield* bySize.get(size) ?? [];
    },
    /** A share has one more, or one fewer, than before. */
    move(share: AddressShare, before: number): void {
      const { size } = share.open;
      const left = bySize.get(before);
      left?.delete(share);
      if (left?.size === 0) bySize.delete(before);
      if (size > 0) bySize.set(size, (bySize.get(size) ?? new Set()).add(share));
      if (size > largest || !bySize.has(largest)) largest = size;
    },
  };
}

function nameOf({ remoteAddress, remotePort }: Connection): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * One customer's addresses count as one: an IPv6 network of /64 is the least that anybody gets (RFC
 * 6177).
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after].slice(0, 4).join(":");
}
