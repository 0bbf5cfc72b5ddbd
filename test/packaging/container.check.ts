// The image of the server: built by buildah on a Debian made here, run, and asked with curl.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CACHE, PACKAGES, ROOT } from "./packages.ts";
import { makeDebianRoot, run } from "./root.ts";

const BASE = "localhost/rollcall-check-base";
const IMAGE = "localhost/rollcall-check";
/** Storage of its own. */
const STORAGE = [
  ...["--root", join(CACHE, "containers"), "--runroot", join(CACHE, "containers-run")],
  ...["--storage-driver", "overlay"],
];

const buildah = (...args: string[]) => run("buildah", [...STORAGE, ...args]);
function succeed(...args: string[]): string {
  const { code, stdout, stderr } = buildah(...args);
  if (code !== 0) throw new Error(`buildah ${args.join(" ")}: ${code}\n${stdout}${stderr}`);
  return stdout;
}

let context: string;
let folder: string;
let container: string;

beforeAll(() => {
  // debian:12-slim cannot be pulled where no registry of images is reached: the same Debian.
  const base = makeDebianRoot();
  const scratch = succeed("from", "scratch").trim();
  succeed("copy", "--quiet", scratch, base.folder, "/");
  succeed("commit", "--quiet", scratch, BASE);
  succeed("rm", scratch);
  base.remove();
  context = mkdtempSync(join(CACHE, "context-"));
  mkdirSync(join(context, "dist-bin"));
  copyFileSync(join(ROOT, "dist-bin/rollcall-linux-x64"), join(context, "dist-bin/rollcall-linux-x64"));
  succeed(
    "build",
    "--isolation",
    "chroot",
    "--format",
    "docker",
    "--build-arg",
    `BASE=${BASE}`,
    "-f",
    join(ROOT, "packaging/container/Containerfile"),
    "-t",
    IMAGE,
    context,
  );
  container = succeed("from", IMAGE).trim();
  folder = succeed("mount", container).trim();
});

afterAll(() => {
  buildah("rm", "--all");
  buildah("rmi", "--all", "--force");
  if (context) rmSync(context, { recursive: true });
});

it("has the executable and what it needs, no shell and no package manager, and is nobody's to write", () => {
  for (const path of ["bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/apt-get", "usr/bin/dpkg"])
    expect(run("test", ["-e", join(folder, path)]).code, path).not.toBe(0);
  expect(run("find", [folder, "-perm", "/6000"]).stdout).toBe("");
  const writable = run("find", [folder, "-xdev", "-writable", "-user", "65532"]).stdout.trim().split("\n");
  expect(writable).toEqual([join(folder, "data")]);
});

it("says how it is run, by whom, and how its health is seen", () => {
  const { Docker } = JSON.parse(succeed("inspect", "--type", "image", IMAGE));
  expect(Docker.config).toMatchObject({
    User: "65532:65532",
    Entrypoint: ["/usr/bin/rollcall"],
    Cmd: ["serve", "--behind-proxy"],
    Healthcheck: { Test: ["CMD", "/usr/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8787/healthz"] },
  });
});

it("serves: keys, a report, the roll, and its own health check", async () => {
  const inside = (...argv: string[]) => ["run", "--isolation", "chroot", container, "--", ...argv];
  const server = spawn("buildah", [...STORAGE, ...inside("/usr/bin/rollcall", "serve", "--behind-proxy")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [server.stdout, server.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes;
    });
  try {
    const ends = Date.now() + 60_000;
    while (run("curl", ["-fsS", "http://127.0.0.1:8787/healthz"]).code !== 0) {
      if (Date.now() > ends || server.exitCode !== null) throw new Error(output);
      await setTimeout(200);
    }
    // What HEALTHCHECK runs.
    const check = inside("/usr/bin/wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8787/healthz");
    expect(buildah(...check)).toMatchObject({ code: 0 });
    const key = (scope: string) =>
      succeed(...inside("/usr/bin/rollcall", "keys", "create", "--scope", scope, "--name", scope))
        .trim()
        .split("\n")
        .at(-1) ?? "";
    const [write, read] = [key("ingest"), key("read")];
    const report = JSON.stringify({
      instance_id: "i-0123456789abcdef0",
      update_date: new Date().toISOString(),
    });
    const curl = (...args: string[]) => run("curl", ["-sS", ...args]);
    const put = curl(
      "-X",
      "PUT",
      "-H",
      `x-api-key: ${write}`,
      "-H",
      "content-type: application/json",
      "--data",
      report,
      "-w",
      "%{http_code}",
      "-o",
      "/dev/null",
      "http://127.0.0.1:8787/v1/reports/i-0123456789abcdef0",
    );
    expect(put.stdout).toMatch(/^20[014]$/);
    expect(
      JSON.parse(curl("-H", `x-api-key: ${read}`, "http://127.0.0.1:8787/v1/reports").stdout),
    ).toMatchObject([{ instance_id: "i-0123456789abcdef0" }]);
    // Nobody asks without a key.
    expect(curl("-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:8787/v1/reports").stdout).toBe(
      "401",
    );
    const owners = run("ps", ["-o", "uid=", "-C", "rollcall"]).stdout.trim().split(/\s+/);
    expect(owners).toContain("65532");
    expect(PACKAGES.now.version).toBe(succeed(...inside("/usr/bin/rollcall", "--version")).trim());
  } finally {
    server.kill("SIGTERM");
  }
});
