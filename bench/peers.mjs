// The contestants of `node bench/s3.mjs cold`: each a process that reads a whole fleet from a
// bucket and writes one JSON array.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const peers = join(root, "bench/peers");

/** npm packages of peers that the product does not use, at what version they were measured. */
const PACKAGES = ["@aws-sdk/client-s3", "@smithy/node-http-handler", "lean-s3"];

const isThere = (command) => {
  try {
    execFileSync("sh", ["-c", 'command -v "$1"', "sh", command]);
    return true;
  } catch {
    return false;
  }
};

/** Installs what can be installed; says of each peer that cannot why. */
export function installPeers() {
  const packages = { wrk: "wrk", rclone: "rclone" };
  const missing = Object.keys(packages).filter((command) => !isThere(command));
  if (!hasBoto()) missing.push("python3-boto3");
  if (missing.length > 0) {
    console.error(`installing ${missing.join(", ")}`);
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "rollcall-peers-"));
  console.error(`installing ${PACKAGES.join(", ")} in ${folder}`);
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, ...PACKAGES], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (const name of ["aws-sdk.mjs", "lean-s3.mjs"]) cpSync(join(peers, name), join(folder, name));
  const versions = execFileSync("npm", ["ls", "--prefix", folder, "--depth", "0"], { encoding: "utf8" });
  console.error(versions);
  return folder;
}

function hasBoto() {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import boto3"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Commands by name, for a bucket behind an endpoint. */
export function listContestants(folder, bucket, endpoint) {
  const url = `s3://${bucket}?endpoint=${endpoint}&region=us-east-1`;
  return {
    rollcall: [process.execPath, join(root, "dist/main.js"), "list", "--json", "--store", url],
    "old way (boto3)": ["/usr/bin/python3", join(peers, "old_way.py"), bucket, endpoint],
    "@aws-sdk/client-s3": [process.execPath, join(folder, "aws-sdk.mjs"), bucket, endpoint],
    "lean-s3": [process.execPath, join(folder, "lean-s3.mjs"), bucket, endpoint],
    "rclone and jq": ["sh", join(peers, "rclone.sh"), bucket, endpoint],
  };
}
