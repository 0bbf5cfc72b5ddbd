// rollcall aws init: questions, flags, what is written, and what is refused.
import { execFileSync } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { type IoDoubleOptions, makeIo } from "../../testing/io-double.ts";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import { PROGRAM_ARCHIVE, TEMPLATES } from "./aws-deployment.ts";
import { type AwsInitOptions, runAwsInit } from "./aws-init.ts";

/** What the build puts beside the program. */
const BUILT = {
  ...Object.fromEntries(TEMPLATES.map((name) => [`${name}.template.json`, `"${name}"`])),
  [PROGRAM_ARCHIVE]: "PK",
};

/** No bucket is looked at here: test/s3/old-bucket.test.ts has that. */
const NO_ADVICE = { policy: undefined, lines: ["not looked at"] };

async function init(options: Partial<AwsInitOptions>, io: IoDoubleOptions = {}) {
  const made = await makeIo(io);
  const templates = await makeFolder(BUILT);
  const run = (again: Partial<AwsInitOptions>) =>
    runAwsInit({ out: "aws", ...again }, made, pathToFileURL(`${templates}/`), async () => NO_ADVICE);
  await run(options);
  return {
    io: made,
    run,
    read: (name: string) => readFile(join(made.cwd, "aws", name), "utf8"),
    folder: join(made.cwd, "aws"),
  };
}

describe("aws init", () => {
  it("asks four questions, again where an answer cannot be", async () => {
    const answers = ["Not A Name", "fleet", "o-a1b2c3d4e5", "nobody", "ops@example.com", "Y"];
    const { io, read, folder } = await init({}, { answers });
    expect(JSON.parse(await read("answers.json"))).toEqual({
      name: "fleet",
      organization: "o-a1b2c3d4e5",
      accounts: [],
      bucket: "",
      alarmEmail: "ops@example.com",
      settings: { requireInstance: "true" },
      tags: [],
    });
    expect(io.err()).toContain("Not that: 2 to 24 of a-z");
    expect(await readdir(folder)).toEqual([
      "answers.json",
      "deploy-hosts.sh",
      "deploy.sh",
      "rollcall-hosts.template.json",
      "rollcall-lambda.zip",
      "rollcall-publisher.template.json",
      "rollcall-reader.template.json",
      "rollcall-store.template.json",
      "rotate-key.sh",
    ]);
    expect(await read("deploy.sh")).toContain(
      " Name=$NAME OrganizationId=o-a1b2c3d4e5 Accounts= RequireInstance=true\n",
    );
    expect(await read("deploy.sh")).toContain(
      " Name=$NAME Bucket= AlsoReadBucket= AlarmEmail=ops@example.com\n",
    );
    expect(await read("deploy-hosts.sh")).toContain("create-stack-set");
    for (const name of ["deploy.sh", "deploy-hosts.sh", "rotate-key.sh"]) {
      execFileSync("/bin/sh", ["-n", join(folder, name)]);
      expect((await stat(join(folder, name))).mode & 0o111).toBe(0o111);
    }
    expect(io.out()).toContain("$ aws/deploy.sh");
  });

  it("begins from the answers of the run before, and asks nothing where nobody is", async () => {
    const { run, read } = await init({ accounts: "111111111111, 222222222222", name: "fleet" });
    expect(await read("deploy.sh")).toContain(" OrganizationId= Accounts=111111111111,222222222222\n");
    expect(await read("deploy-hosts.sh")).not.toContain("create-stack-set");
    await run({ yes: true, alarmEmail: "ops@example.com" });
    const { name, accounts, alarmEmail } = JSON.parse(await read("answers.json"));
    expect({ name, accounts, alarmEmail }).toEqual({
      name: "fleet",
      accounts: ["111111111111", "222222222222"],
      alarmEmail: "ops@example.com",
    });
    await run({ organization: "o-a1b2c3d4e5" });
    expect(JSON.parse(await read("answers.json")).accounts).toEqual([]);
    await run({ accounts: "" });
    expect(await read("deploy.sh")).toContain(" OrganizationId= Accounts=\n");
  });

  it("takes answers from a pipe, and refuses those that answer nothing", async () => {
    const { io, read } = await init({}, { stdin: "fleet\n\nops@example.com\n" });
    expect(JSON.parse(await read("answers.json"))).toMatchObject({
      name: "fleet",
      organization: "",
      accounts: [],
      alarmEmail: "ops@example.com",
    });
    expect(io.out()).toContain(
      "ARE ALL HOSTS EC2 INSTANCES? Then run this again with --require-instance true",
    );
    await expect(init({}, { stdin: "Not A Name\n" })).rejects.toThrow(
      /the answer "Not A Name" from stdin: Not that: 2 to 24/,
    );
    await expect(init({ name: "fleet" }, { stdin: "\n\n\nmore\n" })).rejects.toThrow(/"more" answers none/);
    await expect(init({}, { stdin: "Not A Name\n" })).rejects.toThrow(UsageError);
  });

  it("writes a script that says where it would deploy, and asks", async () => {
    const script = await (await init({ name: "fleet" })).read("deploy.sh");
    expect(script.indexOf("sts get-caller-identity")).toBeLessThan(script.indexOf("cloudformation"));
    expect(script).toContain('echo "Account $ACCOUNT, region $REGION: the stacks $NAME-store');
    expect(script).toMatch(/^case \$\{1-\} in ""\|--yes\)/m);
  });

  it("takes back an answer for -, and keeps it for an empty line", async () => {
    const flags = {
      name: "fleet",
      organization: "o-a1b2c3d4e5",
      bucket: "app-configs",
      alarmEmail: "ops@example.com",
    };
    const { io, run, read } = await init(
      { ...flags, requireInstance: "true" },
      { answers: ["", "", "", "", "-", "", "-", "-", "n"] },
    );
    await run({});
    expect(JSON.parse(await read("answers.json"))).toMatchObject({
      organization: "o-a1b2c3d4e5",
      alarmEmail: "ops@example.com",
    });
    expect(io.err()).toContain("[fleet]: ");
    expect(io.err()).toContain("or nothing for this account's own [o-a1b2c3d4e5, or - for nothing]: ");
    await run({ bucket: "" });
    // No name is nothing.
    expect(io.err()).toContain("Not that: 2 to 24 of a-z");
    expect(JSON.parse(await read("answers.json"))).toEqual({
      name: "fleet",
      organization: "",
      accounts: [],
      bucket: "",
      alarmEmail: "",
      settings: { requireInstance: "false" },
      tags: [],
    });
  });

  it("keeps what was said of the stacks' parameters, until it is taken back", async () => {
    const { io, run, read } = await init({
      yes: true,
      allowedCidrs: "203.0.113.0/24",
      corsOrigin: "*",
      tag: ["team=platform"],
    });
    expect(io.out()).toContain("ARE ALL HOSTS EC2 INSTANCES?");
    await run({ yes: true });
    expect(await read("deploy.sh")).toContain(" AllowedCidrs=203.0.113.0/24 CorsOrigin='*'\n");
    expect((await read("deploy.sh")).split(" --tags team=platform ").length - 1).toBe(2);
    expect(await read("deploy-hosts.sh")).toContain(" --tags team=platform ");
    await run({ yes: true, corsOrigin: "", tag: [""], requireInstance: "true" });
    expect(await read("deploy.sh")).toContain(" AllowedCidrs=203.0.113.0/24 CorsOrigin=\n");
    expect(await read("deploy.sh")).not.toContain("--tags");
    expect(await read("deploy.sh")).toContain(" RequireInstance=true\n");
  });

  it.each<[Partial<AwsInitOptions>, RegExp]>([
    [{ name: "$(rm -rf /)" }, /--name .*beginning with a letter/],
    [{ name: "foo-" }, /--name/],
    [{ alarmEmail: "a@b" }, /--alarm-email/],
    [{ bucket: "a..b" }, /--bucket/],
    [{ out: "" }, /--out ""/],
    [{ name: "a".repeat(25) }, /--name/],
    [{ accounts: "12" }, /--accounts "12".*12 digits/],
    [{ organization: "o-1; echo" }, /--organization/],
    [{ organization: "o-a1b2c3d4e5", accounts: "111111111111" }, /not both/],
    [{ bucket: "UPPER; x" }, /--bucket/],
    [{ requireInstance: "maybe" }, /--require-instance "maybe": true or false/],
    [{ authorization: "" }, /--authorization "": API_KEY, AWS_IAM or JWT/],
    [{ authorization: "JWT", jwtIssuer: "https://a.example" }, /goes with --jwt-issuer and --jwt-audience/],
    [{ jwtAudience: "rollcall" }, /--jwt-audience goes with --authorization JWT/],
    [
      { authorization: "API_KEY", signInScopes: "a=b:read" },
      /--sign-in-scopes goes with --authorization JWT/,
    ],
    [{ jwtKeys: "http://a.example" }, /--jwt-keys "http.*begins with https/],
    [{ jwtAlgorithms: "HS256" }, /--jwt-algorithms "HS256"/],
    [{ jwtIssuer: "https://a.example/$(reboot)" }, /--jwt-issuer/],
    [{ signInScopes: "groups=sre" }, /--sign-in-scopes "groups=sre": such as/],
    [{ allowedCidrs: "10.0.0.0/8 -x" }, /--allowed-cidrs .*203\.0\.113/],
    [{ rolePath: "rollcall" }, /--role-path "rollcall"/],
    [{ permissionsBoundary: "$(id)" }, /--permissions-boundary/],
    [{ codeBucket: "x y" }, /--code-bucket/],
    [{ tag: ["aws:x=1"] }, /--tag "aws:x=1"/],
    [{ tag: ["a=$(id)"] }, /--tag/],
    [{ account: "12" }, /--account "12".*12 digits/],
    [{ alarmEmail: "ops@example.com; reboot" }, /--alarm-email/],
  ])("refuses %j", async (options, message) => {
    await expect(init(options)).rejects.toThrow(UsageError);
    await expect(init(options)).rejects.toThrow(message);
  });

  it("makes a bucket of its own beside one that is there, which is read", async () => {
    const { io, read } = await init({ bucket: "app-configs.old" });
    const script = await read("deploy.sh");
    expect(script).toContain("app-configs.old is read beside it");
    expect(script).toContain('BUCKET=$(output "$NAME-store" BucketName)\n');
    // An earlier version named the old one as the reader's own.
    expect(script).toContain(" Name=$NAME Bucket= AlsoReadBucket=app-configs.old AlarmEmail=\n");
    expect(io.out()).toContain("not looked at");
  });

  it("keeps no policy of before for another bucket", async () => {
    const { io, folder } = await init({ bucket: "app-configs" });
    await writeFile(join(folder, "bucket-policy.json"), "{}");
    const none = pathToFileURL(`${await makeFolder(BUILT)}/`);
    await runAwsInit({ out: "aws", yes: true, bucket: "" }, io, none);
    expect(await readdir(folder)).not.toContain("bucket-policy.json");
  });

  it.each([
    ["null", /answers\.json cannot be read: not the answers of rollcall aws init; mend or remove it/],
    ["[]", /not the answers of rollcall aws init/],
    [
      '{"organization":"o-1; reboot"}',
      /answers\.json cannot be read: organization: an organization's id such as/,
    ],
    ['{"name":5}', /answers\.json cannot be read: name: 2 to 24 of/],
    ['{"accounts":["1"]}', /answers\.json cannot be read: accounts: 0: an account's id has 12 digits/],
    ['{"settings":{"allowedCidrs":"; reboot"}}', /settings: allowedCidrs: networks such as/],
    ['{"settings":{"other":"1"}}', /settings/],
    ['{"tags":["a b=c"]}', /tags: 0: KEY=VALUE/],
    ['{"accounts":"111111111111"}', /accounts: a list of account ids/],
    [
      '{"organization":"o-a1b2c3d4e5","accounts":["111111111111"]}',
      /accounts: not together with an organization/,
    ],
  ])("refuses %s as the answers of before", async (text, message) => {
    const run = init({ yes: true }, { files: { "aws/answers.json": text } });
    await expect(run).rejects.toThrow(CommandError);
    await expect(run).rejects.toThrow(message);
  });

  it("says the next command so that it can be pasted", async () => {
    const { io, run } = await init({ out: "a folder" });
    expect(io.out()).toContain("  $ 'a folder/deploy.sh'\n");
    await run({ out: "it's" });
    expect(io.out()).toContain("  $ 'it'\\''s/deploy.sh'\n");
  });

  it("says where the templates are to be had, and what stands in the way", async () => {
    const io = await makeIo({ files: { "aws/answers.json": "{" } });
    const none = pathToFileURL(`${await makeFolder()}/`);
    await expect(runAwsInit({ out: "aws" }, io, none)).rejects.toThrow(/npx rollcall aws init/);
    const templates = await makeFolder(BUILT);
    await expect(runAwsInit({ out: "aws" }, io, pathToFileURL(`${templates}/`))).rejects.toThrow(
      CommandError,
    );
    await expect(runAwsInit({ out: "aws" }, io, pathToFileURL(`${templates}/`))).rejects.toThrow(
      /mend or remove it/,
    );
  });
});
