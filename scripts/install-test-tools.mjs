// Before the tests: makes sure that the real curl, jq, Chromium, S3 server and others are there,
// and installs them where Debian's apt-get can.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** Command to Debian package. */
const TOOLS = {
  curl: "curl",
  jq: "jq",
  chromium: "chromium",
  openssl: "openssl",
  // Signs releases (scripts/sign.mjs).
  minisign: "minisign",
  // What reads INI files of each dialect.
  python3: "python3",
  php: "php-cli",
  my_print_defaults: "mariadb-client-core",
  // It runs what `rollcall aws init` writes (test/aws).
  aws: "awscli",
  // Says how versions of its packages are ordered.
  rpm: "rpm",
  // For a network of the test's own, with EC2's metadata service at its address.
  ip: "iproute2",
  unshare: "util-linux",
  // Sets a program's clock.
  faketime: "faketime",
  // In front of a server, as it comes (test/hostile).
  "/usr/sbin/nginx": "nginx-light",
  // Makes a terminal.
  script: "bsdutils",
  // Ceph's RADOS Gateway is the S3 server (test/s3/server.ts).
  radosgw: "radosgw",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
  ceph: "ceph-common",
};

/**
 * Program to Debian package: the daemons of test/daemons. They are much to install, so only where
 * CI is set, or ROLLCALL_TEST_DAEMONS; elsewhere those that are not there are said to be skipped.
 */
const DAEMONS = {
  "/usr/sbin/nginx": "nginx-light",
  "/usr/bin/redis-server": "redis-server",
  "/usr/sbin/php-fpm8.2": "php8.2-fpm",
  "/usr/sbin/sshd": "openssh-server",
  "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",
  "/usr/sbin/haproxy": "haproxy",
  "/usr/sbin/mariadbd": "mariadb-server",
  "/usr/share/tomcat10/bin/bootstrap.jar": "tomcat10",
  "/usr/bin/memcached": "memcached",
  "/usr/bin/uwsgi": "uwsgi",
  "/usr/lib/uwsgi/plugins/python3_plugin.so": "uwsgi-plugin-python3",
  "/usr/bin/supervisord": "supervisor",
  "/usr/bin/gunicorn": "gunicorn",
};

const isThere = (command) =>
  command.startsWith("/")
    ? existsSync(command)
    : spawnSync("sh", ["-c", 'command -v "$1"', "sh", command]).status === 0;
const wanted = { ...TOOLS, ...(process.env.CI || process.env.ROLLCALL_TEST_DAEMONS ? DAEMONS : {}) };
const missing = Object.keys(wanted).filter((command) => !isThere(command));

/**
 * Asked by Debian's packages before they start a service (invoke-rc.d(8)): the tests start what
 * they use by themselves.
 */
const POLICY = "/usr/sbin/policy-rc.d";

if (missing.length > 0) {
  const packages = missing.map((command) => wanted[command]);
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!isThere("apt-get") || process.getuid?.() !== 0) {
    console.error(
      `The tests use the real ${missing.join(", ")}. Install them and run the tests ` +
        `again; on Debian or Ubuntu:\n  sudo sh -c '${install}'`,
    );
    process.exit(1);
  }
  console.error(`Installing what the tests use: ${packages.join(", ")}`);
  const isOwnPolicy = !existsSync(POLICY);
  if (isOwnPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const { status } = spawnSync("sh", ["-c", install], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (isOwnPolicy) rmSync(POLICY);
  const still = missing.filter((command) => !isThere(command));
  if (status !== 0 || still.length > 0) {
    console.error(`apt-get could not install ${still.join(", ") || packages.join(", ")}`);
    process.exit(1);
  }
}
