// Tests of where a reader lets itself be sent.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { followRead, judgePlace } from "./redirect.ts";

const REMOTE = new URL("https://rollcall.example.com");
const SIGNAL = new AbortController().signal;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sendTo = (location: string) => new Response(null, { status: 303, headers: { location } });

it.each([
  "http://127.0.0.1:9000/x",
  "http://127.1/x",
  "http://2130706433/",
  "http://0x7f.0.0.1/",
  "http://0.0.0.0/",
  "http://localhost/",
  "http://a.localhost./",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[fd00:ec2::254]/",
  "http://[fe80::1]/",
  "ftp://s3.example.com/",
  "file:///etc/passwd",
  "https://user:pw@s3.example.com/",
])("asks nothing at %s", async (place) => {
  expect(await judgePlace(new URL(place), REMOTE, async () => [])).toHaveProperty("fault");
  const astray = followRead(sendTo(place), {
    asked: REMOTE,
    headers: {},
    signal: SIGNAL,
    lookUp: async () => [],
  });
  await expect(astray).rejects.toThrow("nothing is asked there");
});

it.each([
  "https://b.s3.us-east-1.amazonaws.com/k?X-Amz-Signature=a",
  "http://10.0.0.5:9000/k",
  "https://[fd12::1]/",
])("%s is well, at the addresses that were judged", async (place) => {
  expect(await judgePlace(new URL(place), REMOTE, async () => ["10.1.2.3"])).toEqual({
    addresses: ["10.1.2.3"],
  });
});

it("judges names by their addresses, all of them", async () => {
  const judge = (...addresses: string[]) =>
    judgePlace(new URL("https://s3.example.com/"), REMOTE, async () => addresses);
  const refuses = (address: string) => ({ fault: expect.stringContaining(address) });
  expect(await judge("10.0.0.5", "127.0.0.1")).toEqual(refuses("127.0.0.1"));
  expect(await judge("169.254.169.254")).toEqual(refuses("169.254.169.254"));
  expect(await judge("::1")).toEqual(refuses("::1"));
  // PrivateLink's, and a proxy's network, which knows no names here.
  expect([await judge("10.0.0.5"), await judge()]).toEqual([{ addresses: ["10.0.0.5"] }, { addresses: [] }]);
});

it("lets a server on this host name this host, but not its link", async () => {
  const here = new URL("http://127.0.0.1:8787");
  const judge = (place: string) => judgePlace(new URL(place), here, async () => []);
  expect(await judge("http://127.0.0.1:9000/")).not.toHaveProperty("fault");
  expect(await judge("http://169.254.169.254/")).toHaveProperty("fault");
});

it("connects to the very address that was judged, whatever the name means a moment later", async () => {
  const hosts: (string | undefined)[] = [];
  const place = await serve((request, response) => {
    hosts.push(request.headers.host);
    response.end("[]");
  });
  const { port } = new URL(place);
  // No resolver knows the name: what looks it up again gets nowhere.
  const named = `http://answers.invalid:${port}`;
  const meanings = [["127.0.0.1"], ["169.254.169.254"]];
  const options = { asked: new URL("http://127.0.0.1:1"), headers: {}, signal: SIGNAL };
  const read = () =>
    followRead(sendTo(`${named}/there`), { ...options, lookUp: async () => meanings.shift() ?? [] });
  expect(await (await read()).text()).toBe("[]");
  expect([hosts, meanings]).toEqual([[`answers.invalid:${port}`], [["169.254.169.254"]]]);
  await expect(read()).rejects.toThrow("169.254.169.254");
  // The third time nobody knows the name, and nothing is asked elsewhere instead.
  await expect(read()).rejects.toThrow("not known to DNS");
  expect(hosts).toHaveLength(1);
});

it("goes on some times, with the key to the server alone, and then no more", async () => {
  const seen: (string | undefined)[] = [];
  const place = await serve((request, response) => {
    seen.push(request.headers["x-api-key"]?.toString());
    if (request.url === "/there") response.end("[]");
    else response.writeHead(307, { location: request.url === "/once" ? "/there" : "/again" }).end();
  });
  const options = {
    asked: new URL("http://127.0.0.1:1"),
    headers: { "x-api-key": "secret" },
    signal: SIGNAL,
  };
  expect(await (await followRead(sendTo(`${place}/once`), options)).text()).toBe("[]");
  expect(seen).toEqual([undefined, undefined]);
  await expect(followRead(sendTo(`${place}/again`), options)).rejects.toThrow("sends on more than 3 times");
  expect(seen).toHaveLength(5);
  await followRead(sendTo("/there"), { ...options, asked: new URL(place) });
  expect(seen.at(-1)).toBe("secret");
});

it("takes nothing but 200 for what lies there", async () => {
  const place = await serve((_request, response) => response.writeHead(204).end());
  const asked = new URL("http://127.0.0.1:1");
  await expect(followRead(sendTo(place), { asked, headers: {}, signal: SIGNAL })).rejects.toThrow(
    "answered 204",
  );
  await expect(
    followRead(new Response(null, { status: 303 }), { asked, headers: {}, signal: SIGNAL }),
  ).rejects.toThrow("not to where");
});
