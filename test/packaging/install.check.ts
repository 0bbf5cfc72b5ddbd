// install.sh as cloud-init and Systems Manager run it, in a root of each family, from a release on
// a web server; and what linters say of the documents.
import { createHash } from "node:crypto";
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type HttpsFolder, serveFolder } from "./https-folder.ts";
import { CACHE, nameFile, PACKAGES, type Release, ROOT } from "./packages.ts";
import { installPythonTool } from "./python-tool.ts";
import { makeAmazonLikeRoot, makeDebianRoot, type Root, run } from "./root.ts";

const { now, next } = PACKAGES;
const EXAMPLES = join(ROOT, "examples/install");
const KEY = `ed25519:${"A".repeat(43)}`;
const STORE = "file:/srv/rollcall";

/** A release as scripts/sign.mjs leaves it, but for the signature. @returns its folder and SUMS */
function release(which: Release): { folder: string; sums: string } {
  const folder = mkdtempSync(join(CACHE, "release-"));
  for (const family of ["deb", "rpm"] as const)
    for (const architecture of which.architectures) {
      const file = nameFile(which, family, architecture);
      copyFileSync(join(which.folder, file), join(folder, file));
    }
  const { code, stderr } = run("node", [join(ROOT, "scripts/sign.mjs"), "--folder", folder]);
  if (code !== 0) throw new Error(stderr);
  return {
    folder,
    sums: createHash("sha256")
      .update(readFileSync(join(folder, "SHA256SUMS")))
      .digest("hex"),
  };
}

/** The script as cloud-init writes and runs it. */
function userData(values: readonly string[]): string {
  const { write_files, runcmd } = parse(readFileSync(join(EXAMPLES, "cloud-init.yaml"), "utf8"));
  const file = write_files[0];
  return `mkdir -p "$(dirname ${file.path})"; cat >${file.path} <<'END'\n${file.content}END
chmod ${file.permissions} ${file.path}; ${runcmd[0][0]} ${values.map((value) => `'${value}'`).join(" ")}\n`;
}

/** The script as the SSM agent makes it: parameters filled in, lines joined, run by sh. */
function document(values: readonly string[]): string {
  const { parameters, mainSteps } = parse(readFileSync(join(EXAMPLES, "ssm-document.yaml"), "utf8"));
  const names = Object.keys(parameters);
  return mainSteps[0].inputs.runCommand
    .join("\n")
    .replace(/\{\{ (\w+) \}\}/g, (_: string, name: string) => values[names.indexOf(name)]);
}

describe.each([
  { name: "Debian", make: makeDebianRoot },
  { name: "a root like Amazon Linux's", make: makeAmazonLikeRoot },
])("in $name", ({ make }) => {
  let root: Root;
  let first: ReturnType<typeof release>;
  let second: ReturnType<typeof release>;
  let servers: HttpsFolder[];
  beforeAll(async () => {
    root = make();
    first = release(now);
    second = release(next);
    servers = [await serveFolder(first.folder), await serveFolder(second.folder)];
    root.write("/usr/local/share/ca-certificates/ours.crt", servers.map(({ ca }) => ca).join(""));
    root.run(
      "sh",
      "-c",
      "cat /usr/local/share/ca-certificates/ours.crt >> /etc/ssl/certs/ca-certificates.crt",
    );
    root.run("install", "-d", "-m", "777", "/srv/rollcall");
    // Nothing is started where no systemd runs; that the agent would start, booted.check.ts shows.
    root.write("/usr/local/bin/systemctl", '#!/bin/sh\necho "systemctl $*" >> /systemctl.log\n');
    root.run("chmod", "755", "/usr/local/bin/systemctl");
  });
  afterAll(() => {
    for (const server of servers) server.close();
    for (const { folder } of [first, second]) rmSync(folder, { recursive: true });
    root.remove();
  });

  const execute = (script: string) => {
    root.write("/script.sh", script);
    return root.tryAsync("env", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "sh", "/script.sh");
  };

  it("cloud-init's first boot installs it, with the spec's key, and asks the doctor", async () => {
    const done = await execute(userData([servers[0]?.url ?? "", first.sums, STORE, KEY, "/opt/app/bin/"]));
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(root.run("rollcall", "--version")).toBe(`${now.version}\n`);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toBe(
      `store: '${STORE}'\nspec_keys: '${KEY}'\nallow_commands: '/opt/app/bin/'\n`,
    );
    expect(root.run("cat", "/systemctl.log")).toContain("systemctl enable --now rollcall-agent.service\n");
    expect(done.stdout).toContain('"outcome": "ok"');
  });

  it("Systems Manager updates it, and leaves the configuration", async () => {
    const done = await execute(document([`${servers[1]?.url}/`, second.sums, "s3://another", "", ""]));
    expect(done.code, done.stdout + done.stderr).toBe(0);
    expect(
      root.run(
        "sh",
        "-c",
        "dpkg-query -W -f '$" + "{Version}' rollcall 2>/dev/null || rpm -q --qf '%{VERSION}' rollcall",
      ),
    ).toBe(next.version);
    expect(root.run("cat", "/etc/rollcall/config.yaml")).toContain(`store: '${STORE}'\n`);
  });

  it("installs nothing where the checksums are not those verified, or a package not theirs", async () => {
    const wrong = await execute(document([servers[0]?.url ?? "", "0".repeat(64), STORE, "", ""]));
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("SHA256SUMS is not the one that you verified"),
    });
    for (const family of ["deb", "rpm"] as const)
      appendFileSync(join(first.folder, nameFile(now, family, "x64")), "!");
    const changed = await execute(document([servers[0]?.url ?? "", first.sums, STORE, "", ""]));
    expect(changed).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is not what SHA256SUMS says"),
    });
    expect(
      root.run(
        "sh",
        "-c",
        "dpkg-query -W -f '$" + "{Version}' rollcall 2>/dev/null || rpm -q --qf '%{VERSION}' rollcall",
      ),
    ).toBe(next.version);
  });

  it("says where there is no package", async () => {
    const script = document([servers[0]?.url ?? "", first.sums, STORE, "", ""]);
    const release = root.run("cat", "/etc/os-release");
    root.run("rm", "/etc/os-release");
    root.write("/etc/os-release", "ID=alpine\n");
    expect(await execute(script)).toMatchObject({
      code: 1,
      stderr: 'rollcall: there is no package for alpine: see "Other Linux" in docs/install.md\n',
    });
    root.write("/etc/os-release", release);
  });
});

describe("linters have nothing to say of", () => {
  it("the scripts (shellcheck)", () => {
    const scripts = ["postinstall", "preremove", "postremove"].map((name) => `packaging/scripts/${name}.sh`);
    const files = [...scripts, "examples/install/install.sh"].map((file) => join(ROOT, file));
    expect(run("shellcheck", ["--shell=sh", "--exclude=SC1091", ...files])).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  it("the user data (cloud-init schema)", () => {
    const { code, stdout, stderr } = run("cloud-init", [
      "schema",
      "--config-file",
      join(EXAMPLES, "cloud-init.yaml"),
    ]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain("Valid");
  });

  it("the document, as a resource of CloudFormation's with AWS's schema of documents (cfn-lint)", () => {
    const folder = mkdtempSync(join(CACHE, "lint-"));
    const file = join(folder, "template.json");
    const lint = (content: object) => {
      const Document = {
        Type: "AWS::SSM::Document",
        Properties: { DocumentType: "Command", Content: content },
      };
      writeFileSync(file, JSON.stringify({ Resources: { Document } }));
      return run(installPythonTool("cfn-lint", "1.58.0"), [file]);
    };
    const content = parse(readFileSync(join(EXAMPLES, "ssm-document.yaml"), "utf8"));
    expect(lint(content)).toMatchObject({ code: 0, stdout: "" });
    // It looks at documents indeed.
    expect(lint({ ...content, schemaVersion: "9.9" }).code).not.toBe(0);
    rmSync(folder, { recursive: true });
  });
});
