// Tests of how many connections may be open.
import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { createConnections, networkOf } from "./connections.ts";

let port = 0;

class Double extends EventEmitter {
  readonly remotePort = ++port;
  isOpen = true;
  readonly remoteAddress: string;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): this {
    this.isOpen = false;
    this.emit("close");
    return this;
  }
}

function setUp(isByAddress = true) {
  const time = { now: 0 };
  const connections = createConnections({ most: 10, mostUnheard: 4, isByAddress, monotonic: () => time.now });
  const open = (address: string, count = 1) =>
    Array.from({ length: count }, () => {
      const one = new Double(address);
      connections.admit(one as never);
      return one;
    });
  const hear = (one: Double, isDone = true) => connections.hear(one as never, { writableFinished: isDone, destroyed: false });
  return { time, open, hear };
}

const countOpen = (all: readonly Double[]) => all.filter(({ isOpen }) => isOpen).length;

it("an address has so many connections without a request; a later one takes the place of one that waits", () => {
  const { time, open } = setUp();
  const first = open("a", 6);
  expect(countOpen(first)).toBe(4);
  expect(countOpen(open("b"))).toBe(1);
  time.now += 1000;
  const later = open("a", 2);
  expect([countOpen(first), countOpen(later)]).toEqual([2, 2]);
});

it("whoever holds all of them gives way to another address, the idle first", () => {
  const { open, hear } = setUp();
  const busy = open("a", 3);
  for (const one of busy) hear(one, false);
  const idle = open("a", 4);
  for (const one of idle) hear(one);
  const more = open("a", 3);
  for (const one of more) hear(one, false);
  expect(countOpen(open("b", 1))).toBe(1);
  expect([countOpen(busy), countOpen(idle), countOpen(more)]).toEqual([3, 3, 3]);
  expect(countOpen(open("b", 3))).toBe(3);
  expect([countOpen(busy), countOpen(idle), countOpen(more)]).toEqual([3, 0, 3]);
  // Nothing of it is idle any more: it has six, and who has fewer is let in.
  expect(countOpen(open("c", 1))).toBe(1);
  expect(countOpen([...busy, ...more])).toBe(5);
});

it("no address takes another's that has no more than itself", () => {
  const { open, hear } = setUp();
  const all = ["a", "b", "c", "d", "e"].flatMap((address) => open(address, 2));
  for (const one of all) hear(one, false);
  expect(countOpen(open("a"))).toBe(0);
  expect(countOpen(all)).toBe(10);
  all[0]?.destroy();
  expect(countOpen(open("a"))).toBe(1);
});

it("behind a proxy all may be of one address", () => {
  const { open, hear, time } = setUp(false);
  const all = open("a", 12);
  expect(countOpen(all)).toBe(10);
  for (const one of all) if (one.isOpen) hear(one, false);
  time.now += 60_000;
  expect(countOpen(open("b"))).toBe(0);
  all.find(({ isOpen }) => isOpen)?.destroy();
  expect(countOpen(open("b"))).toBe(1);
});

it.each([
  ["10.0.0.1", "10.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::9", "2001:db8:1:2"],
  ["2001:db8::9", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
])("%s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
