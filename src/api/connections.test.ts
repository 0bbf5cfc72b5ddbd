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

function setUp(isByAddress = true, most = 10) {
  const time = { now: 0 };
  const connections = createConnections({ most, mostUnheard: 4, isByAddress, monotonic: () => time.now });
  const open = (address: string, count = 1) =>
    Array.from({ length: count }, () => {
      const one = new Double(address);
      connections.admit(one as never);
      return one;
    });
  const hear = (one: Double, isDone = true) =>
    connections.noteRequest(one as never, { writableFinished: isDone, destroyed: false });
  return { time, open, hear, connections };
}

const countOpen = (all: readonly Double[]) => all.filter(({ isOpen }) => isOpen).length;

it(
  "an address has so many connections without a request; a later one takes the place " + "of one that waits",
  () => {
    const { time, open } = setUp();
    const first = open("a", 6);
    expect(countOpen(first)).toBe(4);
    expect(countOpen(open("b"))).toBe(1);
    time.now += 1000;
    const later = open("a", 2);
    expect([countOpen(first), countOpen(later)]).toEqual([2, 2]);
  },
);

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

it.each([
  ["has its answer", true],
  ["has asked nothing", false],
])("of many with one each gives way who %s, whoever is busy before", (_, isHeard) => {
  const { time, open, hear } = setUp(true, 4096);
  const all = Array.from({ length: 4096 }, (_, at) => open(`a${at}`)).flat();
  const [busy] = all as [Double];
  hear(busy, false);
  if (isHeard) for (const one of all.slice(1)) hear(one);
  time.now += 1000;
  const later = Array.from({ length: 4095 }, (_, at) => open(`b${at}`)).flat();
  expect([busy.isOpen, countOpen(all), countOpen(later)]).toEqual([true, 1, 4095]);
  // Those are young.
  expect(countOpen(open("c"))).toBe(0);
});

it(
  "who has no fewer gives way by what is idle before anybody is sent away, and nobody " +
    "to whoever has more",
  () => {
    const { open, hear } = setUp();
    const busy = ["a", "b", "c"].flatMap((address) => open(address, 2));
    const other = open("d", 2);
    for (const one of [...busy, ...other]) hear(one, false);
    const idle = [...open("e"), ...open("f")];
    for (const one of idle) hear(one);
    // Two have to do for two, in use, and one idle is nothing to whoever has two.
    expect(countOpen(open("d"))).toBe(0);
    expect(countOpen([...busy, ...other, ...idle])).toBe(10);
    other[0]?.destroy();
    const [filler] = open("g") as [Double];
    hear(filler, false);
    // Of d there is one now: that of e or f, who have no fewer, is free for it.
    const [second] = open("d") as [Double];
    expect([second.isOpen, countOpen(idle), countOpen(busy), filler.isOpen]).toEqual([true, 1, 6, true]);
  },
);

it("strangers who are sent away do not make it look at every connection each time", () => {
  const { time, open, connections } = setUp(true, 4096);
  let looks = 0;
  const answer = {
    get writableFinished() {
      looks++;
      return false;
    },
    destroyed: false,
  };
  for (let at = 0; at < 4096; at++)
    for (const one of open(`a${at}`)) connections.noteRequest(one as never, answer);
  for (let at = 0; at < 1000; at++) {
    expect(countOpen(open(`b${at}`))).toBe(0);
    time.now += 0.1;
  }
  expect(looks).toBeLessThanOrEqual(6 * 4096);
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
