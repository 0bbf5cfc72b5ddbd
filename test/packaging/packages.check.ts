// Each package installed, upgraded and removed in a root of its own, with and without systemd.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CACHE, nameFile, PACKAGES, type Release, ROOT } from "./packages.ts";
import { makeAmazonLikeRoot, makeDebianRoot, type Root, run } from "./root.ts";

const { now, next } = PACKAGES;
const ARCHITECTURES = ["x64", "arm64"] as const;

/** The operator's configuration, which is nobody else's. */
const CONFIG = "# ours\nstore: file:/srv/rollcall\n";

const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const pathOf = (
  release: Release,
  ...rest: Parameters<typeof nameFile> extends [unknown, ...infer R] ? R : never
) => join(release.folder, nameFile(release, ...rest));

/** Mode, owner and path of all that a package has, in the same form for both families. */
function listContents(family: "deb" | "rpm", file: string): string[] {
  if (family === "rpm") {
    const { stdout } = run("rpm", [
      "-qp",
      "--qf",
      "[%{FILEMODES:perms} %{FILEUSERNAME}/%{FILEGROUPNAME} %{FILENAMES}\n]",
      file,
    ]);
    return stdout.trim().split("\n").sort();
  }
  const { stdout } = run("dpkg-deb", ["--contents", file]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.replace(/^(\S+ \S+) .* \.(\/\S*?)\/?$/, "$1 $2"))
    .sort();
}

it("the packages are the same bytes when they are built again", () => {
  const folder = mkdtempSync(join(CACHE, "again-"));
  execFileSync("node", ["scripts/packages.mjs", "x64", "--folder", folder], {
    cwd: ROOT,
    stdio: "ignore",
  });
  for (const family of ["deb", "rpm"] as const)
    expect(digest(join(folder, nameFile(now, family, "x64")))).toBe(digest(pathOf(now, family, "x64")));
  rmSync(folder, { recursive: true });
});

describe.each(ARCHITECTURES)("the packages for %s", (architecture) => {
  it("have the same files, all root's, and only the program can be run", () => {
    const contents = (["deb", "rpm"] as const).map((family) =>
      listContents(family, pathOf(now, family, architecture)).filter(
        // Where each family has licences; what is not the package's own folder rpm leaves out.
        (line) => !/copyright|licenses/.test(line) && (!line.startsWith("d") || /\/rollcall/.test(line)),
      ),
    );
    expect(contents[0]).toEqual(contents[1]);
    expect(contents[0]?.length).toBeGreaterThan(60);
    const program = contents[0]?.filter((line) => line.startsWith("-rwx"));
    expect(program).toEqual(["-rwxr-xr-x root/root /usr/bin/rollcall"]);
    for (const line of contents[0] ?? [])
      expect(line).toMatch(/^(-rwxr-xr-x|-rw-r--r--|drwxr-xr-x) root\/root /);
    expect(contents[0]).toContain("-rw-r--r-- root/root /usr/lib/systemd/system/rollcall-agent.service");
  });

  it("ask for glibc 2.17 and a program that makes users, and are of their architecture", () => {
    const deb = run("dpkg-deb", ["--field", pathOf(now, "deb", architecture)]).stdout;
    expect(deb).toMatch(/^Depends: libc6 \(>= 2\.17\), passwd$/m);
    expect(deb).toMatch(new RegExp(`^Architecture: ${architecture === "x64" ? "amd64" : "arm64"}$`, "m"));
    const rpm = run("rpm", [
      "-qp",
      "--requires",
      "--qf",
      "%{ARCH} %{PAYLOADCOMPRESSOR}\n",
      pathOf(now, "rpm", architecture),
    ]);
    expect(rpm.stdout).toMatch(/^glibc >= 2\.17$/m);
    expect(rpm.stdout).toMatch(/^shadow-utils$/m);
    expect(rpm.stdout).toContain(`${architecture === "x64" ? "x86_64" : "aarch64"} gzip\n`);
    // Digests of header and payload.
    expect(run("rpm", ["--checksig", "--nosignature", pathOf(now, "rpm", architecture)])).toMatchObject({
      code: 0,
    });
  });
});

it("the executable of each architecture asks for no newer glibc than the packages say", () => {
  for (const architecture of ARCHITECTURES) {
    const { stdout } = run("objdump", ["-p", join(ROOT, `dist-bin/rollcall-linux-${architecture}`)]);
    const versions = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(versions.length).toBeGreaterThan(0);
    expect(Math.max(...versions)).toBeLessThanOrEqual(17);
  }
});

interface Family {
  readonly name: string;
  readonly family: "deb" | "rpm";
  readonly make: () => Root;
  readonly install: (file: string) => string[];
  readonly remove: string[];
  readonly version: string[];
}

const FAMILIES: readonly Family[] = [
  {
    name: "Debian",
    family: "deb",
    make: makeDebianRoot,
    install: (file) => ["apt-get", "install", "-y", file],
    remove: ["apt-get", "remove", "-y", "rollcall"],
    version: ["dpkg-query", "-W", "-f", "$" + "{Version}", "rollcall"],
  },
  {
    name: "a root like Amazon Linux's, with dnf",
    family: "rpm",
    make: makeAmazonLikeRoot,
    install: (file) => ["dnf", "install", "-y", file],
    remove: ["dnf", "remove", "-y", "rollcall"],
    version: ["rpm", "-q", "--qf", "%{VERSION}", "rollcall"],
  },
  {
    name: "a root like Amazon Linux's, with rpm alone",
    family: "rpm",
    make: makeAmazonLikeRoot,
    install: (file) => ["rpm", "--upgrade", "--hash", file],
    remove: ["rpm", "--erase", "rollcall"],
    version: ["rpm", "-q", "--qf", "%{VERSION}", "rollcall"],
  },
];

describe.each(FAMILIES)("in $name", ({ family, make, install, remove, version }) => {
  let root: Root;
  beforeAll(() => {
    root = make();
    for (const release of [now, next]) root.copy(pathOf(release, family, "x64"), `/root/${release.version}`);
    const ending = family === "deb" ? ".deb" : ".rpm";
    for (const release of [now, next])
      root.run("mv", `/root/${release.version}`, `/root/${release.version}${ending}`);
  });
  afterAll(() => root.remove());
  const put = (release: Release) => root.run(...install(`/root/${release.version}.${family}`));
  const owner = (path: string) => root.run("stat", "-c", "%U:%G %a", path).trim();

  it("it is installed, makes its user and folders, and starts nothing", () => {
    put(now);
    expect(root.run(...version).trim()).toBe(now.version);
    expect(root.run("rollcall", "--version")).toBe(`${now.version}\n`);
    expect(root.run("getent", "passwd", "rollcall")).toMatch(
      /^rollcall:x:\d+:\d+:[^:]*:\/var\/lib\/rollcall:\/usr\/sbin\/nologin\n$/,
    );
    expect(owner("/var/lib/rollcall")).toBe("rollcall:rollcall 755");
    expect(owner("/etc/rollcall/extra.d")).toBe("root:root 755");
    expect(root.has("/etc/rollcall/config.yaml")).toBe(false);
    expect(root.try("systemctl", "is-enabled", "rollcall-agent.service").stdout.trim()).toBe("disabled");
    expect(root.has("/usr/share/doc/rollcall/docs/collectors/processes.md")).toBe(true);
  });

  it("it reports as its user, by the example of a configuration", () => {
    root.run("cp", "/usr/share/doc/rollcall/config.yaml.example", "/etc/rollcall/config.yaml");
    root.run("sed", "-i", "s|^store: .*|store: file:/srv/rollcall|", "/etc/rollcall/config.yaml");
    root.run("install", "-d", "-o", "rollcall", "/srv/rollcall");
    root.run(
      "runuser",
      "-u",
      "rollcall",
      "--",
      "rollcall",
      "report",
      "--config",
      "/etc/rollcall/config.yaml",
    );
    expect(root.run("find", "/srv/rollcall", "-name", "*.json")).toMatch(/reports\/v1\/local\/.+\.json/);
  });

  it("it is upgraded: the configuration, what the agent kept and what is enabled stay", () => {
    root.write("/etc/rollcall/config.yaml", CONFIG);
    root.write("/etc/rollcall/extra.d/ours.json", "{}\n");
    root.write("/var/lib/rollcall/kept", "kept\n");
    root.run("systemctl", "enable", "rollcall-agent.service");
    const user = root.run("id", "rollcall");
    put(next);
    expect(root.run(...version).trim()).toBe(next.version);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toBe(CONFIG);
    expect(root.has("/etc/rollcall/extra.d/ours.json")).toBe(true);
    expect(root.run("cat", "/var/lib/rollcall/kept")).toBe("kept\n");
    expect(root.run("systemctl", "is-enabled", "rollcall-agent.service").trim()).toBe("enabled");
    expect(root.run("id", "rollcall")).toBe(user);
    expect(owner("/var/lib/rollcall")).toBe("rollcall:rollcall 755");
  });

  it("it is removed: nothing of the package stays, and what is the operator's does", () => {
    root.run(...remove);
    // dpkg goes on knowing the version of what it may have to purge.
    const state = family === "deb" ? ["dpkg-query", "-W", "-f", "$" + "{db:Status-Status}"] : ["rpm", "-q"];
    expect(root.try(...state, "rollcall").stdout).toMatch(/^config-files$|is not installed/);
    for (const path of [
      "/usr/bin/rollcall",
      "/usr/lib/systemd/system/rollcall-agent.service",
      "/usr/share/doc/rollcall",
      "/usr/share/licenses/rollcall",
      "/etc/systemd/system/multi-user.target.wants/rollcall-agent.service",
    ])
      expect(root.try("test", "-e", path).code, path).not.toBe(0);
    expect(root.run("find", "/etc/systemd", "-name", "rollcall*")).toBe("");
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toBe(CONFIG);
    expect(root.run("cat", "/var/lib/rollcall/kept")).toBe("kept\n");
  });

  it.runIf(family === "deb")("purging takes what the agent kept as well", () => {
    root.run("apt-get", "purge", "-y", "rollcall");
    expect(root.has("/var/lib/rollcall")).toBe(false);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toBe(CONFIG);
  });

  it("it comes back, to the configuration that stayed", () => {
    put(now);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toBe(CONFIG);
    expect(owner("/var/lib/rollcall")).toBe("rollcall:rollcall 755");
  });
});

it("the .rpm is refused where glibc is too old, or missing", () => {
  const root = makeDebianRoot();
  try {
    root.copy(pathOf(now, "rpm", "x64"), "/root/rollcall.rpm");
    const { code, stderr } = root.try("rpm", "--install", "/root/rollcall.rpm");
    expect(code).not.toBe(0);
    expect(stderr).toContain("glibc >= 2.17 is needed by rollcall");
    expect(root.has("/usr/bin/rollcall")).toBe(false);
  } finally {
    root.remove();
  }
});

it("both packages are half of the executable, or less", () => {
  const executable = statSync(join(ROOT, "dist-bin/rollcall-linux-x64")).size;
  for (const family of ["deb", "rpm"] as const)
    expect(statSync(pathOf(now, family, "x64")).size).toBeLessThan(executable / 2);
});
