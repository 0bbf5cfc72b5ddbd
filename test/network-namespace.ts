// For tests: a network of its own, in which only the addresses that it is given exist. All else is
// as in a subnet without a way out: packets go, and nothing comes back.
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Finished, runShell } from "./program.ts";

/** Where packets are lost, without a word. */
export const LOST = "10.99.0.9";

export interface Network {
  /** Names that are known, with their addresses; all others DNS does not answer for. */
  readonly names: Readonly<Record<string, string>>;
  /** `ADDRESS:PORT`, and the port of this machine's loopback that answers there. */
  readonly services: Readonly<Record<string, number>>;
}

/**
 * Ports are passed in by Unix sockets, which network namespaces share: the program sees addresses
 * of its own namespace alone.
 */
const RELAY = `
  const { connect, createServer } = require("node:net");
  const services = JSON.parse(process.argv[2]);
  const listening = services.map(({ host, port, path }) => new Promise((resolve) => {
    createServer((client) => {
      const onward = connect(path);
      for (const [one, other] of [[client, onward], [onward, client]]) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
        one.pipe(other);
      }
    }).listen(port, host, resolve);
  }));
  Promise.all(listening).then(() => console.log("ready"));`;

const ENTER = `set -e
net=$1; shift
mount --bind $net/hosts /etc/hosts
mount --bind $net/resolv.conf /etc/resolv.conf
ip link set lo up
for address in $(cat $net/addresses); do ip addr add $address/32 dev lo; done
ip tuntap add mode tun name void
ip addr add 10.99.0.1/24 dev void
ip link set void up
ip route add default dev void
ready=$net/ready.$$
"$NODE" $net/relay.cjs "$(cat $net/services.json)" > $ready 2> $net/relay.log &
relay=$!
until [ -s $ready ]; do kill -0 $relay; sleep 0.05; done
set +e
"$@"
code=$?
kill $relay
exit $code
`;

/**
 * Makes a network, and gives a function that runs a line of shell in it as root, several beside
 * each other too. It ends with the test.
 */
export async function openNetwork(
  home: string,
  { names, services }: Network,
): Promise<(line: string, env?: Readonly<Record<string, string>>) => Promise<Finished>> {
  const folder = join(home, `net${++opened}`);
  await mkdir(folder);
  const known = Object.entries({ ...names, localhost: "127.0.0.1" });
  await writeFile(join(folder, "hosts"), known.map(([name, address]) => `${address} ${name}\n`).join(""));
  await writeFile(join(folder, "resolv.conf"), "nameserver 10.99.0.53\noptions timeout:1 attempts:1\n");
  const relayed = await Promise.all(
    Object.entries(services).map(async ([at, target], index) => {
      const [host = "", port = ""] = at.split(":");
      return { host, port: Number(port), path: await openSocket(join(folder, `s${index}`), target) };
    }),
  );
  await writeFile(join(folder, "services.json"), JSON.stringify(relayed));
  const own = new Set(relayed.map(({ host }) => host).filter((host) => !host.startsWith("127.")));
  await writeFile(join(folder, "addresses"), [...own].join("\n"));
  await writeFile(join(folder, "relay.cjs"), RELAY);
  await writeFile(join(folder, "enter.sh"), ENTER);
  return (line, env = {}) =>
    runShell(`unshare --net --mount sh ${folder}/enter.sh ${folder} ${line}`, {
      home,
      env: { NODE: process.execPath, ...env },
    });
}

let opened = 0;

async function openSocket(path: string, port: number): Promise<string> {
  const server = createServer((client) => {
    const onward = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}
