// Before the tests: says in one list what is missing of what they use, with its size, and then
// installs it where Debian's apt-get can: the real curl, jq, Chromium, S3 server and others.
// What the npm registry has is in the list too; install-lambda-runtime.mjs, install-infra.mjs and
// install-bun.mjs fetch it.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** Command to Debian package, and what the tests use it for. */
const TOOLS = {
  curl: ["curl", "asks servers, as users do"],
  jq: ["jq", "reads answers, as users do"],
  chromium: ["chromium", "shows the page, the docs page and Markdown pages"],
  openssl: ["openssl", "makes certificates for end-to-end tests"],
  minisign: ["minisign", "signs releases (scripts/sign.mjs)"],
  python3: ["python3", "reads INI files, to compare"],
  php: ["php-cli", "reads INI files, to compare"],
  my_print_defaults: ["mariadb-client-core", "reads INI files, to compare"],
  aws: ["awscli", "runs what `rollcall aws init` writes"],
  rpm: ["rpm", "orders versions of packages, to compare"],
  readelf: ["binutils", "finds sections of programs, to compare"],
  ip: ["iproute2", "a network of a test's own"],
  unshare: ["util-linux", "a network and mounts of a test's own"],
  "systemd-analyze": ["systemd", "checks the units"],
  faketime: ["faketime", "sets a program's clock"],
  "/usr/sbin/nginx": ["nginx-light", "stands before a server, as it comes"],
  "/usr/sbin/haproxy": ["haproxy", "stands before a server, as it comes"],
  "/usr/sbin/apache2": ["apache2-bin", "stands before a server, as it comes"],
  script: ["bsdutils", "makes a terminal"],
  radosgw: ["radosgw", "the S3 server, with the three below (test/s3/server.ts)"],
  "ceph-mon": ["ceph-mon", "part of the S3 server"],
  "ceph-osd": ["ceph-osd", "part of the S3 server"],
  ceph: ["ceph-common", "part of the S3 server"],
};

/**
 * The daemons of test/daemons. They are much to install, so only where CI is set, or
 * ROLLCALL_TEST_DAEMONS; elsewhere those that are not there are said to be skipped.
 */
const DAEMONS = Object.fromEntries(
  Object.entries({
    "/usr/sbin/nginx": "nginx-light",
    "/usr/bin/redis-server": "redis-server",
    "/usr/sbin/php-fpm8.2": "php8.2-fpm",
    "/usr/sbin/sshd": "openssh-server",
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
    "/usr/sbin/mariadbd": "mariadb-server",
    "/usr/share/tomcat10/bin/bootstrap.jar": "tomcat10",
    "/usr/bin/memcached": "memcached",
    "/usr/bin/uwsgi": "uwsgi",
    "/usr/lib/uwsgi/plugins/python3_plugin.so": "uwsgi-plugin-python3",
    "/usr/bin/supervisord": "supervisor",
    "/usr/bin/gunicorn": "gunicorn",
  }).map(([command, name]) => [command, [name, "a daemon that the collector `processes` reads"]]),
);

/** What comes from the npm registry into this folder alone: where it lies, and its size on disk. */
const FROM_NPM = [
  ["node_modules/.cache/lambda-runtime", "207 MB", "AWS Lambda's runtime client on Node 24"],
  ["infra/node_modules", "250 MB", "AWS CDK, which makes the stacks of infra/"],
  ["web/node_modules", "73 MB", "Vite and what else the page is built with"],
  ["packaging/bun/node_modules", "205 MB", "Bun, with which the executables are built"],
];

const root = new URL("..", import.meta.url);
const isThere = (command) =>
  command.startsWith("/")
    ? existsSync(command)
    : spawnSync("sh", ["-c", 'command -v "$1"', "sh", command]).status === 0;
const run = (command, args) => spawnSync(command, args, { encoding: "utf8", env: APT_ENVIRONMENT });
const say = (line) => process.stderr.write(`${line}\n`);

const APT_ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
const APT_INSTALL = ["install", "-y", "--no-install-recommends"];

/**
 * Asked by Debian's packages before they start a service (invoke-rc.d(8)): the tests start what
 * they use by themselves.
 */
const POLICY = "/usr/sbin/policy-rc.d";

const wanted = { ...(process.env.CI || process.env.ROLLCALL_TEST_DAEMONS ? DAEMONS : {}), ...TOOLS };
const missing = Object.keys(wanted).filter((command) => !isThere(command));
const packages = [...new Set(missing.map((command) => wanted[command][0]))];
const unfetched = FROM_NPM.filter(([folder]) => !existsSync(new URL(folder, root)));
const canInstall = isThere("apt-get") && process.getuid?.() === 0;

if (packages.length > 0 && canInstall) {
  say(`npm test uses ${packages.length} programs that are not here. Asking apt-get for their sizes.`);
  run("apt-get", ["update"]);
}
if (packages.length > 0 || unfetched.length > 0) sayList();
if (packages.length > 0) {
  if (!canInstall) {
    const install = `apt-get update && apt-get ${APT_INSTALL.join(" ")} ${packages.join(" ")}`;
    say(
      "This user may not install with apt-get. Install them and run npm test again; on Debian or " +
        `Ubuntu:\n  sudo sh -c '${install}'\n` +
        "The tests of the parts need Node alone: npx vitest run src",
    );
    process.exit(1);
  }
  install();
}

/** One line for each thing that will be installed, and the sum of what apt-get fetches. */
function sayList() {
  say("npm test installs, before it begins:");
  const row = (name, size, why) => say(`  ${name.padEnd(36)} ${size.padStart(7)}  ${why}`);
  for (const name of packages) {
    const [, why] = wanted[missing.find((command) => wanted[command][0] === name)];
    row(name, findSize(name), why);
  }
  for (const [folder, size, what] of unfetched) row(folder, size, what);
  if (packages.length === 0 || !canInstall) return;
  // apt-get knows what the packages need besides; it says so, and installs nothing.
  const { stdout } = run("apt-get", ["install", "--assume-no", "--no-install-recommends", ...packages]);
  const fetched = /Need to get (\S+ \S+?)(?:\/\S+ \S+)? of archives/.exec(stdout)?.[1];
  const used = /After this operation, (\S+ \S+) of additional disk space/.exec(stdout)?.[1];
  say(
    `With what the packages need besides, apt-get fetches ${fetched ?? "an unknown size"} and uses ` +
      `${used ?? "an unknown size"} of the disk. It starts no service.`,
  );
}

/** A package's own size on disk; "?" where apt does not know it. */
function findSize(name) {
  const { stdout } = run("apt-cache", ["show", "--no-all-versions", name]);
  const kilobytes = Number(/^Installed-Size: (\d+)$/m.exec(stdout ?? "")?.[1]);
  return Number.isFinite(kilobytes) ? `${Math.max(1, Math.round(kilobytes / 1000))} MB` : "?";
}

function install() {
  const isOwnPolicy = !existsSync(POLICY);
  if (isOwnPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const { status } = spawnSync("apt-get", [...APT_INSTALL, ...packages], {
    stdio: ["ignore", "ignore", "inherit"],
    env: APT_ENVIRONMENT,
  });
  if (isOwnPolicy) rmSync(POLICY);
  const still = missing.filter((command) => !isThere(command));
  if (status !== 0 || still.length > 0) {
    say(`apt-get could not install ${still.join(", ") || packages.join(", ")}`);
    process.exit(1);
  }
}
