// Before the tests: makes sure that the real curl, jq, Chromium, S3 server and others are there, and installs them where Debian's apt-get can.
import { spawnSync } from "node:child_process";

/** Command to Debian package. */
const TOOLS = {
  curl: "curl",
  jq: "jq",
  chromium: "chromium",
  openssl: "openssl",
  // It runs what `rollcall aws init` writes (test/aws).
  aws: "awscli",
  // Says how versions of its packages are ordered.
  rpm: "rpm",
  // For a network of the test's own, with EC2's metadata service at its address.
  ip: "iproute2",
  unshare: "util-linux",
  // Sets a program's clock.
  faketime: "faketime",
  // Makes a terminal.
  script: "bsdutils",
  // Ceph's RADOS Gateway is the S3 server (test/s3/server.ts).
  radosgw: "radosgw",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
  ceph: "ceph-common",
};

const isThere = (command) => spawnSync("sh", ["-c", 'command -v "$1"', "sh", command]).status === 0;
const missing = Object.keys(TOOLS).filter((command) => !isThere(command));

if (missing.length > 0) {
  const packages = missing.map((command) => TOOLS[command]);
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!isThere("apt-get") || process.getuid?.() !== 0) {
    console.error(
      `The tests use the real ${missing.join(", ")}. Install them and run the tests again; on Debian or Ubuntu:\n  sudo sh -c '${install}'`,
    );
    process.exit(1);
  }
  console.error(`Installing what the tests use: ${packages.join(", ")}`);
  const { status } = spawnSync("sh", ["-c", install], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  const still = missing.filter((command) => !isThere(command));
  if (status !== 0 || still.length > 0) {
    console.error(`apt-get could not install ${still.join(", ") || packages.join(", ")}`);
    process.exit(1);
  }
}
