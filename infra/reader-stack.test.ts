// Tests of the functions and of what is watched. Their rights are in policies.test.ts.
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { deployTemplate } from "./simulation.ts";
import { addStacks } from "./stacks.ts";

const reader = Template.fromStack(
  addStacks(new App({ analyticsReporting: false }), { form: "plain" }).reader,
);

describe("the functions", () => {
  const common = {
    Runtime: "nodejs24.x",
    Architectures: ["arm64"],
    MemorySize: 1024,
    TracingConfig: undefined,
  };
  const environment = {
    Variables: {
      ROLLCALL_STORE: "s3://rollcall-111111111111-ap-northeast-1?region=ap-northeast-1",
      ROLLCALL_ALSO_READ: "",
      ROLLCALL_WITHIN: "2h",
      ROLLCALL_MAX_AGE: "10s",
      ROLLCALL_LOG_LEVEL: "info",
    },
  };

  it("stream by default, ten at a time, for two minutes at most", async () => {
    const { ReaderFunction, RefresherFunction } = await deployTemplate("reader");
    const { Handler, Timeout, ReservedConcurrentExecutions, Environment } = ReaderFunction?.Properties ?? {};
    expect([Handler, Timeout, ReservedConcurrentExecutions]).toEqual(["index.read", 120, 10]);
    expect(RefresherFunction?.Properties.Environment).toEqual({
      Variables: {
        ...environment.Variables,
        ROLLCALL_METRICS_STACK: "stack",
        ROLLCALL_ACCOUNT_METRICS: 0,
      },
    });
    expect(Environment).toEqual({
      Variables: {
        ...environment.Variables,
        ROLLCALL_ALLOWED_CIDRS: "",
        ROLLCALL_VPC_ENDPOINTS: "",
        ROLLCALL_AUTHORIZATION: "API_KEY",
        ROLLCALL_CORS_ORIGIN: "",
      },
    });
    for (const one of [ReaderFunction, RefresherFunction]) {
      for (const [name, value] of Object.entries(common)) expect(one?.Properties[name]).toEqual(value);
    }
  });

  it("hold answers back where told to, within what API Gateway waits", async () => {
    const { ReaderFunction } = await deployTemplate("reader", { ResponseMode: "BUFFERED" });
    expect(ReaderFunction?.Properties).toMatchObject({ Handler: "index.readBuffered", Timeout: 29 });
  });

  it("reserve nothing where an account has nothing to spare", async () => {
    const { ReaderFunction, RefresherFunction } = await deployTemplate("reader", { ReservedConcurrency: 0 });
    expect(ReaderFunction?.Properties).not.toHaveProperty("ReservedConcurrentExecutions");
    expect(RefresherFunction?.Properties).not.toHaveProperty("ReservedConcurrentExecutions");
  });

  it("read another bucket where one is named, and that alone", async () => {
    const resources = await deployTemplate("reader", { Bucket: "old-bucket" });
    expect(JSON.stringify(resources.ReaderFunction)).toContain("s3://old-bucket?region=");
    expect(JSON.stringify(resources.ReaderRole)).toContain("arn:aws:s3:::old-bucket/reports/*");
    expect(JSON.stringify(resources)).not.toContain("rollcall-111111111111");
  });

  it("refresh every minute, one at a time, and try nothing twice", async () => {
    const resources = await deployTemplate("reader");
    expect(resources.RefresherFunction?.Properties).toMatchObject({
      Handler: "index.refresh",
      Timeout: 300,
      ReservedConcurrentExecutions: 1,
    });
    expect(resources.RefresherSchedule?.Properties).toMatchObject({
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } },
    });
    reader.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  it("keep their logs for a while, and may write no others", async () => {
    reader.resourceCountIs("AWS::Logs::LogGroup", 5);
    // The one that API Gateway would make by itself, and keep for ever.
    reader.hasResourceProperties("AWS::Logs::LogGroup", {
      LogGroupName: { "Fn::Join": ["", ["API-Gateway-Execution-Logs_", { Ref: "ApiRestApi" }, "/v1"]] },
    });
    reader.hasResource("AWS::ApiGateway::Stage", { DependsOn: ["ApiExecutionLog"] });
    reader.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: { Ref: "LogRetentionDays" } });
    const { ReaderRole } = await deployTemplate("reader");
    expect(JSON.stringify(ReaderRole)).toContain("logs:ap-northeast-1:111111111111:ReaderLog");
    reader.resourcePropertiesCountIs("AWS::IAM::Role", { ManagedPolicyArns: Match.anyValue() }, 1);
  });
});

describe("the function that checks tokens", () => {
  const TOKENS = {
    Authorization: "JWT",
    JwtIssuer: "https://login.example.com/",
    JwtAudience: "rollcall,api://rollcall",
    SignInScopes: "groups=sre:read",
  };

  it("is there where tokens open the API alone", async () => {
    for (const Authorization of ["API_KEY", "AWS_IAM"]) {
      const resources = await deployTemplate("reader", { Authorization });
      expect(Object.keys(resources).filter((name) => name.includes("Authorizer"))).toEqual([]);
    }
    const { AuthorizerFunction } = await deployTemplate("reader", TOKENS);
    expect(AuthorizerFunction?.Properties).toMatchObject({
      Handler: "index.authorize",
      Runtime: "nodejs24.x",
      ReservedConcurrentExecutions: 5,
    });
    expect(AuthorizerFunction?.Properties.Environment).toEqual({
      Variables: {
        ROLLCALL_JWT_ISSUER: TOKENS.JwtIssuer,
        ROLLCALL_JWT_AUDIENCE: TOKENS.JwtAudience,
        ROLLCALL_JWT_KEYS: "",
        ROLLCALL_JWT_ALGORITHMS: "RS256,ES256",
        ROLLCALL_SIGN_IN_SCOPES: TOKENS.SignInScopes,
        ROLLCALL_LOG_LEVEL: "info",
      },
    });
  });

  it("may write its log and nothing else: nothing of the store, and no key", async () => {
    const resources = await deployTemplate("reader", { ...TOKENS, KmsKeyArn: "arn", AlsoReadBucket: "old" });
    const actions = JSON.stringify(resources.AuthorizerRole?.Properties.Policies).match(/"\w+:[A-Z]\w+"/g);
    expect(actions).toEqual(['"logs:CreateLogStream"', '"logs:PutLogEvents"']);
    const policies = Object.values(resources).filter(({ Type }) => Type === "AWS::IAM::Policy");
    expect(policies.length).toBeGreaterThan(0);
    expect(JSON.stringify(policies)).not.toContain("AuthorizerRole");
  });

  it("is called by this API's authorizer alone, which keeps no answer", async () => {
    const { ApiAuthorizer, ApiAuthorizerPermit } = await deployTemplate("reader", TOKENS);
    expect(ApiAuthorizer?.Properties).toMatchObject({
      Type: "TOKEN",
      IdentitySource: "method.request.header.Authorization",
      AuthorizerResultTtlInSeconds: 0,
    });
    expect(String(ApiAuthorizer?.Properties.AuthorizerUri)).toMatch(/AuthorizerFunction[^/]*\/invocations$/);
    expect(ApiAuthorizerPermit?.Properties.SourceArn).toBe(
      "arn:aws:execute-api:ap-northeast-1:111111111111:ApiRestApi/authorizers/ApiAuthorizer",
    );
    const form = new RegExp(String(ApiAuthorizer?.Properties.IdentityValidationExpression));
    expect("Bearer eyJhbGciOiJSUzI1NiJ9.eyJz_dWIi-iJ9.c2ln").toMatch(form);
    for (const other of ["", "eyJ.eyJ.AA", "Bearer rc_key", "Bearer a.b.", "Bearer a.b.c.d", "Basic a.b.c"])
      expect(other).not.toMatch(form);
  });
});

it("may use the bucket's key, through S3 alone, where one is named", async () => {
  const policies = (resources: Record<string, { Type: string }>) =>
    Object.values(resources).filter(({ Type }) => Type === "AWS::IAM::Policy");
  expect(policies(await deployTemplate("reader"))).toEqual([]);
  const KmsKeyArn = "arn:aws:kms:ap-northeast-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  const found = policies(await deployTemplate("reader", { KmsKeyArn }));
  expect(found).toHaveLength(2);
  for (const policy of found)
    expect(policy).toMatchObject({
      Properties: {
        PolicyDocument: {
          Statement: [
            {
              Effect: "Allow",
              Action: ["kms:Decrypt", "kms:GenerateDataKey"],
              Resource: KmsKeyArn,
              Condition: { StringEquals: { "kms:ViaService": "s3.ap-northeast-1.amazonaws.com" } },
            },
          ],
        },
      },
    });
});

describe("alarms", () => {
  it.each(["STREAM", "BUFFERED"])(
    "go off for failures, throttles, slowness and a snapshot that nobody keeps: %s",
    async (ResponseMode) => {
      const resources = await deployTemplate("reader", { ResponseMode });
      const alarms = Object.fromEntries(
        Object.entries(resources)
          .filter(([, { Type }]) => Type === "AWS::CloudWatch::Alarm")
          .map(([name, { Properties }]) => [
            name,
            [Properties.Threshold, Properties.EvaluationPeriods, Properties.TreatMissingData],
          ]),
      );
      expect(alarms).toEqual({
        AlarmReaderErrors: [5, 1, "notBreaching"],
        AlarmReaderThrottles: [5, 1, "notBreaching"],
        AlarmReaderSlow: [20_000, 3, "notBreaching"],
        AlarmServerErrors: [5, 1, "notBreaching"],
        AlarmRefresherStands: [1, 2, "breaching"],
        AlarmRollEmpty: [100, 2, "ignore"],
        AlarmRollShrunken: [50, 2, "ignore"],
        AlarmRollSilentAccounts: [1, 2, "ignore"],
      });
    },
  );

  it("go off where the parameters say", async () => {
    const parameters = { AlarmNotFreshPercent: 30, AlarmSilentAccounts: 3, AccountMetrics: 20 };
    const resources = await deployTemplate("reader", parameters);
    expect(resources.AlarmRollShrunken?.Properties.Threshold).toBe(30);
    expect(resources.AlarmRollSilentAccounts?.Properties.Threshold).toBe(3);
    expect(resources.RefresherFunction?.Properties.Environment).toMatchObject({
      Variables: { ROLLCALL_ACCOUNT_METRICS: 20 },
    });
  });

  it("are told to somebody who is named, over TLS, and by this account's CloudWatch alone", async () => {
    const without = await deployTemplate("reader");
    expect(Object.keys(without).filter((name) => /Topic|Subscription/.test(name))).toEqual([]);
    expect(without.AlarmReaderErrors?.Properties).not.toHaveProperty("AlarmActions");
    const { AlarmReaderErrors, AlarmTopicPolicy, AlarmSubscription } = await deployTemplate("reader", {
      AlarmEmail: "ops@example.com",
    });
    expect(AlarmReaderErrors?.Properties).toMatchObject({
      AlarmActions: ["AlarmTopic"],
      OKActions: ["AlarmTopic"],
    });
    expect(AlarmSubscription?.Properties).toMatchObject({ Protocol: "email", Endpoint: "ops@example.com" });
    expect(AlarmTopicPolicy?.Properties.PolicyDocument).toMatchObject({
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Condition: { StringEquals: { "aws:SourceAccount": "111111111111" } },
        },
        { Effect: "Deny", Principal: { AWS: "*" }, Condition: { Bool: { "aws:SecureTransport": "false" } } },
      ],
    });
  });

  it("are on the dashboard", () => {
    reader.resourceCountIs("AWS::CloudWatch::Dashboard", 1);
  });
});
