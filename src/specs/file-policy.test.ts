// Tests of which files a published spec may read on a host.
import { describe, expect, it } from "vitest";
import { compileFilePolicy, compileGlob } from "./file-policy.ts";
import { parseSpec } from "./spec.ts";

const OWN = ["/var/lib/rollcall", "/etc/rollcall/config.yaml"];
const policy = (allowed?: string[], variables: string[] = []) =>
  compileFilePolicy({ allowed, own: OWN, variables });

function judge(steps: string, { judgeSpec } = policy()): string | undefined {
  const outcome = parseSpec(`version: 1\ncollect:\n  - host:\n${steps}\n`);
  if ("mistakes" in outcome) throw new Error(JSON.stringify(outcome.mistakes));
  return judgeSpec(outcome.spec);
}

describe("a policy for files", () => {
  it.each([
    "/proc/1/environ",
    "/proc/self/task/7/environ",
    "/proc/self/mem",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssl/private/server.key",
    "/etc/letsencrypt/live/example.com/privkey1.pem",
    "/root/.ssh/id_ed25519",
    "/home/ann/.ssh/id_rsa",
    "/var/lib/rollcall/key",
    "/var/lib/rollcall",
    "/etc/rollcall/config.yaml",
  ])("without words of the host keeps %s", (path) => {
    expect(policy().judgePath(path)).toContain(path);
    expect(policy(["/**"]).judgePath(path)).toContain(path);
    expect(policy([path]).judgePath(path)).toBeUndefined();
  });

  it.each([
    "/opt/app/app.conf",
    "/etc/ssh/sshd_config",
    "/etc/ssh/ssh_host_ed25519_key.pub",
    "/home/ann/.ssh/id_rsa.pub",
    "/etc/ssl/certs/ca.pem",
    "/etc/rollcall/extra.d/facts.json",
    "/var/lib/rollcalls",
    "/proc/loadavg",
  ])("without words of the host lets %s be read", (path) => expect(policy().judgePath(path)).toBeUndefined());

  it("lets a host say which alone", () => {
    const { judgePath } = policy(["/opt/app/conf/*.conf", "/srv/", "/etc/{a,b}.conf"]);
    for (const path of ["/opt/app/conf/x.conf", "/srv/a/b", "/etc/b.conf"])
      expect(judgePath(path)).toBeUndefined();
    for (const path of [
      "/opt/app/conf/x/y.conf",
      "/opt/app/conf/x.conf2",
      "/srv",
      "/srvx/a",
      "/etc/c.conf",
      "/opt/app/confX.conf",
    ])
      expect(judgePath(path)).toContain("allow_files");
  });

  it("knows a private key by its first line, wherever it lies, and none in a value", () => {
    const { judgeContent } = policy();
    for (const kind of ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
      expect(judgeContent(Buffer.from(`# key\n-----BEGIN ${kind}-----\nAAAA\n`))).toContain("private key");
    for (const text of ["-----BEGIN CERTIFICATE-----", '{"key":"-----BEGIN PRIVATE KEY-----"}', "version=1"])
      expect(judgeContent(Buffer.from(text))).toBeUndefined();
  });

  it("refuses a spec that names such a file, however it is written", () => {
    for (const path of ["/etc/shadow", "/etc/../etc/shadow", "/etc//shadow"])
      expect(judge(`  - file: { path: ${path}, fields: { a: { pattern: . } } }`)).toContain("/etc/shadow");
    expect(judge("  - extra: { folder: /var/lib/rollcall }")).toContain("the agent's own");
    expect(judge("  - file: { path: /opt/a, fields: { a: { pattern: . } } }")).toBeUndefined();
  });

  it("refuses to look for variables that the host does not name, and for processes' own files", () => {
    const step = (more: string) => `  - processes: { ${more}, into: p, fields: { a: { path: name } } }`;
    const environ = step("glob: /opt/*.conf, match: { environ: 'APP_CONFIG={path}' }");
    expect(judge(environ)).toContain("allow_environment");
    expect(judge(environ, policy(undefined, ["APP_CONFIG"]))).toBeUndefined();
    for (const glob of [
      "/proc/*/environ",
      "/*/1/environ",
      "/{proc,opt}/1/environ",
      "/{proc/1,opt/x}/environ",
      "/opt/../proc/*/environ",
    ])
      expect(judge(step(`glob: '${glob}'`))).toBeDefined();
    expect(judge(step("glob: '/{opt,srv}/*.conf'"))).toBeUndefined();
  });
});

it.each([
  ["/a/**/b", ["/a/b", "/a/x/y/b"], ["/a/xb"]],
  ["/a/*.c?nf", ["/a/x.conf", "/a/.conf"], ["/a/b/x.conf", "/a/xcconf"]],
  ["/a/[0-9]", ["/a/1"], ["/a/x"]],
  ["/a/[!0-9]", ["/a/x"], ["/a/1"]],
  ["/a+(b)", ["/a+(b)"], ["/aab"]],
])("the glob %s", (glob, good, bad) => {
  const matches = compileGlob(glob);
  expect(good.filter((path) => !matches(path))).toEqual([]);
  expect(bad.filter(matches)).toEqual([]);
});
