// A real S3 server for the tests and benchmarks: Ceph's RADOS Gateway with one monitor and one
// object store daemon, all in memory.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Keys of one user of the server. */
export interface S3User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Server {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The same over TLS, with a certificate for 127.0.0.1 that only caFile vouches for. */
  readonly tlsEndpoint: string;
  readonly caFile: string;
  /** Owns the buckets that the tests make, and may make roles (session.ts). */
  readonly user: S3User;
  /** Another account: owns nothing of the first. */
  readonly stranger: S3User;
  /** Holds all it has; run/ the numbers of its processes. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface S3ServerOptions {
  /** Seconds that pass for a day in lifecycle rules, so that expiry can be watched. */
  readonly lifecycleDaySeconds?: number;
  /** Largest sum of all objects with their overhead; bytes. */
  readonly memoryBytes?: number;
}

const USER: S3User = { accessKeyId: "testaccess", secretAccessKey: "testsecret0123456789" };
const STRANGER: S3User = { accessKeyId: "strangeraccess", secretAccessKey: "strangersecret0123456789" };
const READY_TRIES = 300;
const READY_WAIT_MS = 50;

/**
 * Starts the server; takes about two seconds. Its processes end with stop(), or with the files in
 * its folder.
 */
export async function startS3Server({
  lifecycleDaySeconds = 5,
  memoryBytes = 6 * 2 ** 30,
}: S3ServerOptions = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-s3-"));
  const [monitorPort = 0, port = 0, tlsPort = 0] = await findPorts(3);
  for (const name of ["mon", "osd", "mgr", "rgw", "run", "log"]) await mkdir(join(folder, name));
  const caFile = join(folder, "cert.pem");
  await makeCertificate(folder, caFile);
  const { stdout: fsid } = await run("cat", ["/proc/sys/kernel/random/uuid"]);
  const configFile = join(folder, "ceph.conf");
  const config = { folder, fsid: fsid.trim(), monitorPort, port, tlsPort, lifecycleDaySeconds, memoryBytes };
  await writeFile(configFile, writeConfig(config));
  const ceph = (command: string, ...args: string[]) =>
    run(command, ["-c", configFile, ...args], { timeout: 240_000 });

  async function stop(): Promise<void> {
    for (const name of ["client.rgw", "osd.0", "mon.a"]) await kill(join(folder, "run", `${name}.pid`));
    await rm(folder, { recursive: true, force: true });
  }
  try {
    await startDaemons(ceph, { folder, monitorPort, fsid: config.fsid });
    for (const [name, { accessKeyId, secretAccessKey }] of Object.entries({
      user: USER,
      stranger: STRANGER,
    })) {
      const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
      const caps = name === "user" ? ["--caps=roles=*"] : [];
      const names = [`--uid=${name}`, `--display-name=${name}`];
      await ceph("radosgw-admin", "-n", "client.rgw", "user", "create", ...names, ...keys, ...caps);
    }
    await ceph("radosgw", "-n", "client.rgw");
    const endpoint = `http://127.0.0.1:${port}`;
    await waitUntil(async () => (await fetch(endpoint)).ok, `the gateway at ${endpoint}`);
    return {
      folder,
      endpoint,
      tlsEndpoint: `https://127.0.0.1:${tlsPort}`,
      caFile,
      user: USER,
      stranger: STRANGER,
      stop,
    };
  } catch (error) {
    const logs = await readFile(join(folder, "log", "client.rgw.log"), "utf8").catch(() => "");
    await stop();
    throw new Error(`the S3 server for the tests did not start: ${String(error)}\n${logs.slice(-2000)}`, {
      cause: error,
    });
  }
}

type Run = (command: string, ...args: string[]) => Promise<{ stdout: string }>;

async function startDaemons(
  ceph: Run,
  { folder, monitorPort, fsid }: { folder: string; monitorPort: number; fsid: string },
) {
  const map = join(folder, "monmap");
  await run("monmaptool", ["--create", "--fsid", fsid, "--addv", "a", `v1:127.0.0.1:${monitorPort}`, map]);
  await ceph("ceph-mon", "-i", "a", "--mkfs", "--monmap", map);
  await ceph("ceph-mon", "-i", "a");
  const { stdout: uuid } = await run("cat", ["/proc/sys/kernel/random/uuid"]);
  await ceph("ceph", "osd", "new", uuid.trim());
  await ceph("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", uuid.trim());
  await ceph("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h");
  await ceph("ceph-osd", "-i", "0");
  await waitUntil(
    async () => (await ceph("ceph", "osd", "stat")).stdout.includes("1 up"),
    "the object store daemon",
  );
}

async function waitUntil(isReady: () => Promise<boolean>, what: string): Promise<void> {
  let reason: unknown;
  for (let turn = 0; turn < READY_TRIES; turn++) {
    const ready = await isReady().catch((error: unknown) => {
      reason = error;
      return false;
    });
    if (ready) return;
    await wait(READY_WAIT_MS);
  }
  throw new Error(`${what} is not ready`, { cause: reason });
}

/** Stops a daemon and waits until it is gone. */
async function kill(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => "0"));
  if (!pid) return;
  try {
    process.kill(pid, "SIGKILL");
    await waitUntil(async () => !existsSync(`/proc/${pid}`), `the end of process ${pid}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function makeCertificate(folder: string, certFile: string): Promise<void> {
  const keyFile = join(folder, "key.pem");
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-keyout",
    keyFile,
    "-out",
    certFile,
    ...name,
  ];
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${stderr}`);
}

/** Ports that were free a moment ago. */
async function findPorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  return await Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === "object" && address ? address.port : 0;
    }),
  );
}

interface ConfigOptions {
  folder: string;
  fsid: string;
  monitorPort: number;
  port: number;
  tlsPort: number;
  lifecycleDaySeconds: number;
  memoryBytes: number;
}

/**
 * One of everything, no replicas, no authentication between the daemons, all on loopback
 * (docs.ceph.com, "Configuration").
 */
function writeConfig({
  folder,
  fsid,
  monitorPort,
  port,
  tlsPort,
  lifecycleDaySeconds,
  memoryBytes,
}: ConfigOptions): string {
  return `[global]
fsid = ${fsid}
mon host = v1:127.0.0.1:${monitorPort}
ms bind msgr2 = false
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${folder}/run
log file = ${folder}/log/$name.log
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data = ${folder}/mon
debug ms = 0/0
[mon]
mon initial members = a
mon osd initial require min compat client = nautilus
paxos propose interval = 0.05
paxos min wait = 0.01
mon data avail crit = 1
mon data avail warn = 1
auth allow insecure global id reclaim = false
[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = ${memoryBytes}
memstore page set = false
osd memory target = 2G
osd class update on start = false
osd crush update on start = false
osd class load list = *
osd class default list = *
osd scrub begin hour = 0
osd scrub end hour = 1
[mgr]
mgr data = ${folder}/mgr
mgr module path = /nonexistent
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${port} ssl_endpoint=127.0.0.1:${tlsPort} ssl_certificate=${folder}/cert.pem ssl_private_key=${folder}/key.pem tcp_nodelay=1
rgw data = ${folder}/rgw
rgw enable usage log = false
rgw enable ops log = false
rgw enable quota threads = false
rgw thread pool size = 256
rgw lc debug interval = ${lifecycleDaySeconds}
rgw dynamic resharding = false
rgw override bucket index max shards = 1
rgw gc obj min wait = 10
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
`;
}
