// Tests of the API in front of the reader.
import { App, CfnCondition, CfnParameter, Fn } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { describe, expect, it } from "vitest";
import { Api } from "./api.ts";
import { API_METHODS, API_PATHS } from "./api-paths.ts";
import { ApiWalls } from "./api-walls.ts";
import { GATEWAY_PROBLEMS } from "./gateway-problems.ts";
import { ResponseMode } from "./response-mode.ts";
import { RollcallStack } from "./rollcall-stack.ts";
import { deployTemplate, propertiesOf } from "./simulation.ts";
import { addStacks } from "./stacks.ts";

const reader = Template.fromStack(
  addStacks(new App({ analyticsReporting: false }), { form: "plain" }).reader,
);

class SlowMode extends ResponseMode {
  override get timeoutMs(): number {
    return 1000;
  }
}

class HeldMode extends ResponseMode {
  override get transferMode(): string {
    return "BUFFERED";
  }
}

class OtherVersionMode extends ResponseMode {
  override invocationUri(functionArn: string): string {
    return super.invocationUri(`${functionArn}:live`);
  }
}

/** What the deployments of an API are called that has a response mode. */
function nameDeployments(Mode: typeof ResponseMode): string[] {
  const stack = new RollcallStack(new App({ analyticsReporting: false }), "stack", { description: "An API" });
  const parameter = new CfnParameter(stack, "Wish").valueAsString;
  const condition = (name: string) =>
    new CfnCondition(stack, name, { expression: Fn.conditionEquals(parameter, name) });
  const isStream = condition("IsStream");
  const [readerFunction, authorizer] = ["Reader", "Authorizer"].map(
    (name) =>
      new LambdaFunction(stack, name, {
        runtime: Runtime.NODEJS_24_X,
        handler: "index.read",
        code: Code.fromInline("//"),
      }),
  ) as [LambdaFunction, LambdaFunction];
  new Api(stack, "Api", {
    reader: readerFunction,
    authorizer,
    mode: new Mode(isStream),
    walls: new ApiWalls(stack, "Walls", {
      endpointType: parameter,
      vpcEndpoints: parameter,
      allowedCidrs: parameter,
      authorization: parameter,
      callerOrganization: parameter,
      corsOrigin: parameter,
    }),
    corsOrigin: parameter,
    isStream,
    isBuffered: condition("IsBuffered"),
    rateLimit: 1,
    burstLimit: 1,
    quotaPerDay: 1,
    hasQuota: condition("HasQuota"),
    setsLogRole: condition("SetsLogRole"),
    logRetentionDays: 1,
  });
  return Object.keys(Template.fromStack(stack).findResources("AWS::ApiGateway::Deployment")).sort();
}

describe("the API", () => {
  it("only reads: GET and HEAD, and a key for all that says anything of a host", async () => {
    const resources = await deployTemplate("reader");
    const methods = Object.values(resources).filter(({ Type }) => Type === "AWS::ApiGateway::Method");
    expect(methods).toHaveLength(API_PATHS.length * API_METHODS.length);
    const wholePath = (id: string): string => {
      const { PathPart, ParentId } = resources[id]?.Properties ?? {};
      return PathPart === undefined ? "" : `${wholePath(String(ParentId))}/${PathPart}`;
    };
    const open = new Set<string>();
    for (const { Properties } of methods) {
      expect(["GET", "HEAD"]).toContain(Properties.HttpMethod);
      if (!Properties.ApiKeyRequired) open.add(wholePath(String(Properties.ResourceId)));
    }
    expect([...open].sort()).toEqual(["", "/docs", "/healthz", "/openapi.json", "/page", "/page/{proxy+}"]);
  });

  it.each([
    [
      "STREAM",
      120_000,
      /^arn:aws:apigateway:ap-northeast-1:lambda:path\/2021-11-15\/functions\/arn:.*\/response-streaming-invocations$/,
    ],
    [
      "BUFFERED",
      29_000,
      /^arn:aws:apigateway:ap-northeast-1:lambda:path\/2015-03-31\/functions\/arn:.*\/invocations$/,
    ],
  ])("passes answers on: %s", async (ResponseMode, TimeoutInMillis, uri) => {
    const resources = await deployTemplate("reader", { ResponseMode });
    const { Integration } = propertiesOf<{ Integration: { Uri: string } }>(resources, "ApiProxyGET");
    expect(Integration).toMatchObject({
      Type: "AWS_PROXY",
      ResponseTransferMode: ResponseMode,
      TimeoutInMillis,
    });
    expect(Integration.Uri).toMatch(uri);
    expect(resources.ApiRestApi?.Properties.BinaryMediaTypes).toEqual(
      ResponseMode === "STREAM" ? undefined : ["*/*"],
    );
    const deployments = Object.keys(resources).filter((name) => name.startsWith("ApiDeployment"));
    expect(deployments).toHaveLength(1);
    expect(resources.ApiStage?.Properties.DeploymentId).toBe(deployments[0]);
    expect(deployments[0]).toMatch(
      ResponseMode === "STREAM" ? /^ApiDeploymentStream/ : /^ApiDeploymentBuffered/,
    );
  });

  it("deploys only when all of it is there", () => {
    // The top is there by itself.
    const resources = API_PATHS.length - 1;
    const count = resources + API_PATHS.length * API_METHODS.length + GATEWAY_PROBLEMS.length;
    for (const { DependsOn } of Object.values(reader.findResources("AWS::ApiGateway::Deployment")))
      expect(DependsOn).toHaveLength(count);
  });

  it("speaks TLS 1.2 at the least, at both addresses", async () => {
    const domain = {
      DomainName: "rollcall.example.com",
      CertificateArn: "arn:aws:acm:ap-northeast-1:111111111111:certificate/1",
    };
    const resources = await deployTemplate("reader", domain);
    for (const name of ["ApiRestApi", "DomainCustom"])
      expect(resources[name]?.Properties.SecurityPolicy).toMatch(/TLS13_1_2/);
    expect(resources.DomainMapping?.Properties).toMatchObject({
      BasePath: "ApiStage",
      DomainName: "DomainCustom",
    });
    expect(await deployTemplate("reader")).not.toHaveProperty("DomainCustom");
  });

  it("throttles all, and each key, and counts a key's day", async () => {
    const { ApiStage, ApiUsagePlan } = await deployTemplate("reader", {
      RateLimit: 7,
      BurstLimit: 9,
      QuotaPerDay: 1000,
    });
    expect(ApiStage?.Properties.MethodSettings).toMatchObject([
      { ThrottlingRateLimit: 7, ThrottlingBurstLimit: 9 },
    ]);
    expect(ApiUsagePlan?.Properties).toMatchObject({
      Throttle: { RateLimit: 7, BurstLimit: 9 },
      Quota: { Limit: 1000, Period: "DAY" },
    });
    expect((await deployTemplate("reader", { QuotaPerDay: 0 })).ApiUsagePlan?.Properties).not.toHaveProperty(
      "Quota",
    );
  });

  it("logs who asked what, and never the key or what was answered", async () => {
    const { AccessLogSetting, MethodSettings } = propertiesOf<{
      AccessLogSetting: { Format: string };
      MethodSettings: object[];
    }>(await deployTemplate("reader"), "ApiStage");
    const format = JSON.parse(AccessLogSetting.Format) as Record<string, string>;
    expect(Object.values(format)).toContain("$context.identity.apiKeyId");
    expect(Object.values(format)).not.toContain("$context.identity.apiKey");
    expect(MethodSettings).toMatchObject([{ LoggingLevel: "ERROR", DataTraceEnabled: false }]);
  });

  it("sets the account's log role, or leaves it alone", async () => {
    expect((await deployTemplate("reader")).ApiStage?.Properties.Description).toMatch(/ApiLogRoleAccount/);
    const without = await deployTemplate("reader", { SetApiGatewayLogRole: "false" });
    expect(Object.keys(without).filter((name) => name.startsWith("ApiLogRole"))).toEqual([]);
    reader.hasResource("AWS::ApiGateway::Account", { DeletionPolicy: "Retain" });
    // Where the first deployment fails half way, the account's setting stays, and may not name a
    // role that is gone.
    reader.hasResource("AWS::IAM::Role", { DeletionPolicy: "Retain", Condition: "SetsLogRole" });
  });

  it("is deployed anew whenever the way to the reader changes, and else not", () => {
    const usual = nameDeployments(ResponseMode);
    expect(usual).toEqual(nameDeployments(ResponseMode));
    expect(usual).toHaveLength(2);
    for (const Changed of [SlowMode, HeldMode, OtherVersionMode])
      for (const name of nameDeployments(Changed)) expect(usual).not.toContain(name);
  });

  it("may call the reader with its own methods alone", async () => {
    const { ApiPermitGET, ApiPermitHEAD } = await deployTemplate("reader");
    expect([ApiPermitGET, ApiPermitHEAD].map((one) => one?.Properties.SourceArn)).toEqual(
      ["GET", "HEAD"].map(
        (method) => `arn:aws:execute-api:ap-northeast-1:111111111111:ApiRestApi/v1/${method}/*`,
      ),
    );
    // One by one for its methods, and one for the authorizer's function.
    reader.resourceCountIs("AWS::Lambda::Permission", 4);
  });

  it("tells whoever has no valid token what to do, and when tokens cannot be checked", async () => {
    const { ApiProblemUNAUTHORIZED: refused, ApiProblemAUTHORIZERFAILURE: failed } =
      await deployTemplate("reader");
    expect(refused?.Properties).toMatchObject({
      StatusCode: "401",
      ResponseParameters: { "gatewayresponse.header.WWW-Authenticate": "'Bearer'" },
    });
    expect(failed?.Properties).toMatchObject({
      StatusCode: "503",
      ResponseParameters: { "gatewayresponse.header.Retry-After": "'5'" },
    });
  });

  it("answers for itself in the form of all errors", async () => {
    const resources = await deployTemplate("reader");
    const answers = Object.values(resources).filter(
      ({ Type }) => Type === "AWS::ApiGateway::GatewayResponse",
    );
    expect(answers).toHaveLength(GATEWAY_PROBLEMS.length);
    for (const { Properties } of answers as never as {
      Properties: { StatusCode: string; ResponseTemplates: Record<string, string> };
    }[]) {
      const [template = ""] = Object.values(Properties.ResponseTemplates);
      const problem = JSON.parse(
        template.replace("$context.error.messageString", '"why"').replace("$context.requestId", "id"),
      );
      const { detail = "why" } = GATEWAY_PROBLEMS.find(({ title }) => title === problem.title) ?? {};
      expect(problem).toMatchObject({ status: Number(Properties.StatusCode), detail });
      expect(problem.type).toMatch(/^urn:rollcall:error:[a-z_]+$/);
      expect(JSON.stringify(Properties)).toContain("'application/problem+json'");
    }
  });
});
