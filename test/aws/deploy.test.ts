// What rollcall aws init wrote, run by the real AWS CLI against an account on loopback.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, it, type TestContext } from "vitest";
import { makeHome, run, runShell } from "../program.ts";
import { type Account, openAccount } from "./account.ts";
import { type AwsCli, startAwsCli } from "./cli.ts";

/** A deployment calls the CLI fifteen times. */
const TIMEOUT = { timeout: 600_000 };

const STORE_BUCKET = "rollcall-store-bucketname";

let cli: AwsCli;
beforeAll(async () => {
  cli = await startAwsCli();
  return () => cli.stop();
});

interface Desk {
  readonly account: Account;
  readonly folder: string;
  /** rollcall aws init, and its next steps. */
  init(...flags: string[]): Promise<void>;
  deploy(): ReturnType<typeof runShell>;
  shell(line: string): ReturnType<typeof runShell>;
  parameters(stack: string): Readonly<Record<string, string>> | undefined;
}

async function sitDown({ expect, onTestFinished }: TestContext): Promise<Desk> {
  const { home, remove } = await makeHome();
  const account = await openAccount(home);
  onTestFinished(async () => {
    await account.stop();
    await remove();
  });
  const options = { home, env: { ...account.env, PATH: cli.path } };
  const shell = (line: string) => runShell(line, options);
  return {
    account,
    folder: join(home, "rollcall-aws"),
    async init(...flags) {
      expect(await run(["aws", "init", "--yes", ...flags], options)).toMatchObject({ code: 0 });
    },
    deploy: () => shell("rollcall-aws/deploy.sh --yes"),
    shell,
    parameters: (stack) => account.cloudFormation.stacks.get(stack)?.parameters,
  };
}

describe.concurrent("deploy.sh", () => {
  it("says where it would deploy, and deploys nothing unless it is told to", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, shell } = await sitDown(context);
    await init();
    const asked = await shell("rollcall-aws/deploy.sh </dev/null");
    expect(asked).toMatchObject({ code: 1 });
    expect(asked.stdout).toContain("Account 111111111111, region ap-northeast-1: the stacks rollcall-store,");
    expect(asked.stderr).toContain("Nothing was deployed. Say y, or run it with --yes.");
    expect(await shell("echo n | rollcall-aws/deploy.sh")).toMatchObject({ code: 1 });
    expect(await shell("rollcall-aws/deploy.sh --no")).toMatchObject({ code: 2 });
    expect(account.cloudFormation.stacks.size).toBe(0);
  });

  it("deploys into an empty account, and again what has changed", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, deploy, parameters } = await sitDown(context);
    await init("--accounts", "111111111111", "--alarm-email", "ops@example.com");
    const first = await deploy();
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toContain("Hosts report to:   rollcall-reader-storeurl\n");
    expect(first.stdout).toContain("Ask:               rollcall-reader-askcommand | jq\n");
    expect(first.stdout).toContain("ROLLCALL_KEY=$(rollcall-reader-apikeycommand)");
    expect(parameters("rollcall-store")).toMatchObject({
      Name: "rollcall",
      OrganizationId: "",
      Accounts: "111111111111",
    });
    expect(parameters("rollcall-reader")).toMatchObject({
      Name: "rollcall",
      Bucket: "",
      AlarmEmail: "ops@example.com",
      ReservedConcurrency: "10",
      SetApiGatewayLogRole: "true",
    });
    expect(parameters("rollcall-hosts")).toMatchObject({ Bucket: STORE_BUCKET, HostName: "rollcall-host" });

    // A new API is deployed by its stack; of a change API Gateway must be told.
    expect(account.apiDeployments).toEqual([]);

    // By now the stack's own role is set, and its own concurrency is reserved.
    account.logRole = "arn:aws:iam::111111111111:role/rollcall-reader-ApiLogRole";
    account.unreserved = 100;
    await init("--organization", "o-a1b2c3d4e5", "--alarm-email", "");
    expect(await deploy()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("No changes to deploy"),
    });
    expect(account.apiDeployments).toEqual(["/restapis/rollcall-reader-apiid/deployments"]);
    expect(parameters("rollcall-store")).toMatchObject({ OrganizationId: "o-a1b2c3d4e5", Accounts: "" });
    expect(parameters("rollcall-reader")).toMatchObject({
      AlarmEmail: "",
      ReservedConcurrency: "10",
      SetApiGatewayLogRole: "true",
    });
  });

  it("can be run again when a first deployment was rolled back", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, deploy, parameters } = await sitDown(context);
    const { stacks } = account.cloudFormation;
    await init();
    account.failing.add("rollcall-store");
    expect(await deploy()).toMatchObject({ code: 255 });
    account.failing.clear();
    const failed = stacks.get("rollcall-store");
    if (!failed) throw new Error("no stack was made");
    expect(failed.status).toBe("ROLLBACK_COMPLETE");
    // What a first deployment of the others would have left.
    for (const name of ["rollcall-reader", "rollcall-hosts"]) stacks.set(name, { ...failed });
    account.unreserved = 10;

    const { code, stdout } = await deploy();
    expect(code).toBe(0);
    for (const name of ["rollcall-store", "rollcall-reader", "rollcall-hosts"]) {
      expect(stdout).toContain(`The first deployment of ${name} was rolled back`);
      expect(stacks.get(name)?.status).toBe("CREATE_COMPLETE");
    }
    expect(parameters("rollcall-reader")).toMatchObject({ ReservedConcurrency: "0" });
  });

  it(
    "reserves nothing in a new account, and leaves a role for logs that is there",
    TIMEOUT,
    async (context) => {
      const { expect } = context;
      const { account, init, deploy, parameters } = await sitDown(context);
      account.unreserved = 10;
      account.logRole = "arn:aws:iam::111111111111:role/logs-of-other-apis";
      await init("--name", "fleet", "--bucket", "app-configs", "--account", "111111111111");
      const { code, stdout } = await deploy();
      expect(code).toBe(0);
      expect(stdout).toContain("the account has 10, and AWS keeps 100 of them free");
      expect(stdout).toContain(
        "API Gateway goes on logging by arn:aws:iam::111111111111:role/logs-of-other-apis",
      );
      expect(parameters("fleet-reader")).toMatchObject({
        Bucket: "",
        AlsoReadBucket: "app-configs",
        ReservedConcurrency: "0",
        SetApiGatewayLogRole: "false",
      });
      expect(parameters("fleet-hosts")).toEqual({
        Bucket: "fleet-store-bucketname",
        LegacyBucket: "",
        RoleNames: "",
        HostName: "fleet-host",
        CreateRole: "true",
        PermissionsBoundary: "",
        RolePath: "/",
      });
      expect(parameters("fleet-store")).toMatchObject({ Name: "fleet" });
    },
  );

  it("sets what was said of the stacks' parameters and tags, and takes it back", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, deploy, parameters } = await sitDown(context);
    await init(
      ...["--require-instance", "true", "--allowed-cidrs", "203.0.113.0/24", "--cors-origin", "*"],
      ...["--vpc-endpoints", "vpce-0123456789abcdef0", "--authorization", "AWS_IAM"],
      ...["--permissions-boundary", "boundaries/standard", "--role-path", "/rollcall/"],
      ...["--code-bucket", "programs", "--tag", "team=platform", "--tag", "cost=42"],
    );
    const first = await deploy();
    expect(first).toMatchObject({ code: 0 });
    expect(parameters("rollcall-store")).toMatchObject({ RequireInstance: "true" });
    const [key = ""] = [...account.uploads.keys()].filter((path) => path.endsWith("-rollcall-lambda.zip"));
    // The AWS CLI names the bucket in the host.
    expect(key).toMatch(/^\/rollcall\/\d+-\d+-rollcall-lambda\.zip$/);
    expect(parameters("rollcall-reader")).toMatchObject({
      AllowedCidrs: "203.0.113.0/24",
      CorsOrigin: "*",
      EndpointType: "PRIVATE",
      VpcEndpoints: "vpce-0123456789abcdef0",
      Authorization: "AWS_IAM",
      PermissionsBoundary: "boundaries/standard",
      RolePath: "/rollcall/",
      S3Bucket: "programs",
      S3Key: key.slice("/".length),
    });
    expect(parameters("rollcall-hosts")).toMatchObject({
      PermissionsBoundary: "boundaries/standard",
      RolePath: "/rollcall/",
    });
    const changes = account.requests.filter((request) => request.get("Action") === "CreateChangeSet");
    expect(changes).toHaveLength(3);
    for (const request of changes)
      expect(["1", "2"].map((at) => request.get(`Tags.member.${at}.Key`))).toEqual(["team", "cost"]);

    await init("--allowed-cidrs", "", "--vpc-endpoints", "", "--code-bucket", "", "--tag", "");
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(parameters("rollcall-reader")).toMatchObject({
      AllowedCidrs: "",
      EndpointType: "REGIONAL",
      VpcEndpoints: "",
      S3Bucket: "",
      S3Key: "",
      // Nothing was said of these.
      Authorization: "AWS_IAM",
      PermissionsBoundary: "boundaries/standard",
    });
  });

  it(
    "opens the API to an identity provider's tokens, and shuts it to them again",
    TIMEOUT,
    async (context) => {
      const { expect } = context;
      const { init, deploy, parameters } = await sitDown(context);
      await init(
        ...["--authorization", "JWT", "--jwt-issuer", "https://login.example.com/"],
        ...["--jwt-audience", "rollcall,tools", "--jwt-keys", "https://login.example.com/keys"],
        ...["--jwt-algorithms", "ES256", "--sign-in-scopes", "groups=staff:read"],
      );
      expect(await deploy()).toMatchObject({ code: 0 });
      expect(parameters("rollcall-reader")).toMatchObject({
        Authorization: "JWT",
        JwtIssuer: "https://login.example.com/",
        JwtAudience: "rollcall,tools",
        JwtKeys: "https://login.example.com/keys",
        JwtAlgorithms: "ES256",
        SignInScopes: "groups=staff:read",
      });

      const words = ["--jwt-issuer", "", "--jwt-audience", "", "--jwt-keys", "", "--jwt-algorithms", ""];
      await init("--authorization", "API_KEY", ...words, "--sign-in-scopes", "");
      expect(await deploy()).toMatchObject({ code: 0 });
      expect(parameters("rollcall-reader")).toMatchObject({
        Authorization: "API_KEY",
        JwtIssuer: "",
        JwtAudience: "",
        JwtAlgorithms: "RS256,ES256",
      });
    },
  );

  it("gives a second region's hosts names of their own, since roles have none", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, deploy, shell, parameters } = await sitDown(context);
    await init();
    // Of the deployment in another region.
    account.policies.add("rollcall-host");
    const { code, stdout } = await shell("AWS_REGION=eu-west-1 rollcall-aws/deploy.sh --yes");
    expect(code).toBe(0);
    expect(stdout).toContain("account 111111111111, region eu-west-1".replace("account", "Account"));
    expect(stdout).toContain("of this region are called rollcall-host-eu-west-1");
    expect(parameters("rollcall-hosts")).toMatchObject({ HostName: "rollcall-host-eu-west-1" });
    // By now the account has this one too, and the stack keeps its name.
    account.policies.add("rollcall-host-eu-west-1");
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(parameters("rollcall-hosts")).toMatchObject({ HostName: "rollcall-host-eu-west-1" });
  });

  it("says a key that opens, where the stack's own was retired", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, deploy } = await sitDown(context);
    await init();
    account.apiKeys.set("rollcall-reader-apikeyid", { name: "own", enabled: false, isInPlan: true });
    expect((await deploy()).stdout).toContain("The key:           none opens: ./rotate-key.sh makes one");
    account.apiKeys.set("secondkey1", { name: "second", enabled: true, isInPlan: true });
    const { stdout } = await deploy();
    expect(stdout).toContain("ROLLCALL_KEY=$(aws apigateway get-api-key --region ap-northeast-1");
    expect(stdout).toContain("--api-key secondkey1 ");
    expect(stdout).not.toContain("apikeycommand");
  });

  it("says what stands in the way where it may not look", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, shell } = await sitDown(context);
    await init();
    await account.stop();
    const { code, stderr } = await shell("AWS_MAX_ATTEMPTS=1 rollcall-aws/deploy-hosts.sh BUCKET");
    expect(code).toBe(1);
    expect(stderr).toContain("Could not connect to the endpoint");
  });
});

describe.concurrent("deploy-hosts.sh", () => {
  it("says how a stack set reaches all accounts that have nothing yet", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, folder, init, shell } = await sitDown(context);
    await init("--organization", "o-a1b2c3d4e5", "--name", "fleet");
    const script = await readFile(join(folder, "deploy-hosts.sh"), "utf8");
    const [activate, ...lines] = [...script.matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line);
    // The CLI of Debian 12 does not know this one yet.
    expect(activate).toBe("aws cloudformation activate-organizations-access");
    const filled = lines
      .join("\n")
      .replace("ParameterValue=BUCKET", "ParameterValue=app-configs")
      .replace("REGION", "ap-northeast-1")
      .replace("ROOT_OR_OU", "r-abcd")
      .replace("DONE", "111111111111,222222222222");
    expect(await shell(`set -e; cd rollcall-aws; ${filled}`)).toMatchObject({ code: 0, stderr: "" });
    const [set, instances] = account.requests.map((request) => Object.fromEntries(request));
    expect(set).toMatchObject({
      Action: "CreateStackSet",
      StackSetName: "fleet-hosts",
      PermissionModel: "SERVICE_MANAGED",
      "AutoDeployment.Enabled": "true",
      "Parameters.member.1.ParameterValue": "app-configs",
      "Parameters.member.2.ParameterKey": "HostName",
      "Parameters.member.2.ParameterValue": "fleet-host",
    });
    expect(instances).toMatchObject({
      Action: "CreateStackInstances",
      StackSetName: "fleet-hosts",
      "Regions.member.1": "ap-northeast-1",
      "DeploymentTargets.OrganizationalUnitIds.member.1": "r-abcd",
      "DeploymentTargets.AccountFilterType": "DIFFERENCE",
      "DeploymentTargets.Accounts.member.1": "111111111111",
      "DeploymentTargets.Accounts.member.2": "222222222222",
      "OperationPreferences.FailureTolerancePercentage": "100",
      "OperationPreferences.MaxConcurrentPercentage": "100",
    });
  });
});

/** A reader as far as the script looks at it. */
const DEPLOYED = {
  status: "CREATE_COMPLETE",
  template: { Parameters: {}, Resources: {}, Outputs: { UsagePlanId: {} } },
  parameters: {},
};

describe.concurrent("rotate-key.sh", () => {
  it("makes a key beside the old one, and disables the old one when told", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, shell } = await sitDown(context);
    await init();
    account.cloudFormation.stacks.set("rollcall-reader", DEPLOYED);
    account.apiKeys.set("oldkey1234", { name: "rollcall-reader", enabled: true, isInPlan: true });

    const made = await shell("rollcall-aws/rotate-key.sh");
    expect(made).toMatchObject({ code: 0, stdout: "value-of-madekey001\n" });
    expect(made.stderr).toContain("rotate-key.sh retire oldkey1234");
    // Both open meanwhile.
    expect(account.apiKeys.get("oldkey1234")).toMatchObject({ enabled: true, isInPlan: true });
    expect(account.apiKeys.get("madekey001")).toMatchObject({ enabled: true, isInPlan: true });

    expect(await shell("rollcall-aws/rotate-key.sh retire oldkey1234")).toMatchObject({ code: 0 });
    expect(account.apiKeys.get("oldkey1234")?.enabled).toBe(false);
    expect(account.apiKeys.get("madekey001")?.enabled).toBe(true);
  });

  it("says which key opens once the stack's own is retired", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, shell } = await sitDown(context);
    await init();
    account.cloudFormation.stacks.set("rollcall-reader", {
      ...DEPLOYED,
      template: { ...DEPLOYED.template, Outputs: { UsagePlanId: {}, ApiKeyId: {} } },
    });
    const own = "rollcall-reader-apikeyid";
    account.apiKeys.set(own, { name: "rollcall-reader", enabled: true, isInPlan: true });
    account.apiKeys.set("secondkey1", { name: "second", enabled: true, isInPlan: true });
    const retired = await shell(`rollcall-aws/rotate-key.sh retire ${own}`);
    expect(retired).toMatchObject({ code: 0 });
    expect(retired.stderr).toContain("get-api-key --api-key secondkey1 --include-value");
    const other = await shell("rollcall-aws/rotate-key.sh");
    expect(other).toMatchObject({ code: 0 });
    const plain = await shell("rollcall-aws/rotate-key.sh retire secondkey1");
    expect(plain.stderr).not.toContain("go on naming it");
  });

  it("leaves the last key that opens, and keys that are not the API's", TIMEOUT, async (context) => {
    const { expect } = context;
    const { account, init, shell } = await sitDown(context);
    await init();
    account.cloudFormation.stacks.set("rollcall-reader", DEPLOYED);
    account.apiKeys.set("onlykey123", { name: "rollcall-reader", enabled: true, isInPlan: true });
    account.apiKeys.set("disabled12", { name: "older", enabled: false, isInPlan: true });
    account.apiKeys.set("foreignkey", { name: "another API's", enabled: true, isInPlan: false });
    for (const [id, words] of [
      ["onlykey123", "no other key opens"],
      ["foreignkey", "is no key of this API"],
      ["", "retire ID"],
    ]) {
      const { code, stderr } = await shell(`rollcall-aws/rotate-key.sh retire ${id}`);
      expect(code).toBe(1);
      expect(stderr).toContain(words);
    }
    expect([...account.apiKeys.values()].map(({ enabled }) => enabled)).toEqual([true, false, true]);
  });
});
