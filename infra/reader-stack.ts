// The stack rollcall-reader: the functions that answer and refresh, the API in front, what is
// watched.
import {
  Aws,
  CfnCondition,
  CfnOutput,
  CfnRule,
  Fn,
  type ICfnConditionExpression,
  type StackProps,
} from "aws-cdk-lib";
import type { Construct } from "constructs";
import { Alarms } from "./alarms.ts";
import { Api, ENDPOINT_ACCESS_MODE, SECURITY_POLICY } from "./api.ts";
import { ApiDomain } from "./api-domain.ts";
import { ApiWalls } from "./api-walls.ts";
import { Dashboard } from "./dashboard.ts";
import { ANSWERS, HISTORY, SNAPSHOTS, SPECS, TOP_LEVEL_REPORTS } from "./keys.ts";
import { limitRoles, locateCode } from "./operation-parameters.ts";
import { locateAlsoRead, Program, type ProgramCode } from "./program.ts";
import { READER_PARAMETERS } from "./reader-parameters.ts";
import { Refresher } from "./refresher.ts";
import { ResponseMode } from "./response-mode.ts";
import { RollcallStack } from "./rollcall-stack.ts";
import type { StoreRights } from "./store-rights.ts";
import { AuthorizerFunction } from "./token-authorizer.ts";

export interface ReaderStackProps extends StackProps {
  /** The program: an index.js with the handlers read, readBuffered and refresh. */
  readonly code: ProgramCode;
}

const READER_RIGHTS: StoreRights = {
  get: ["reports/*", "departures/*", SNAPSHOTS, SPECS, ANSWERS, TOP_LEVEL_REPORTS, ...HISTORY],
  put: [ANSWERS],
};

/** Reader, refresher, API, alarms, dashboard. Nothing in it is needed to keep what hosts report. */
export class ReaderStack extends RollcallStack {
  constructor(scope: Construct, id: string, { code, ...props }: ReaderStackProps) {
    super(scope, id, { description: "Rollcall: one URL that answers with every fresh report", ...props });
    const parameters = this.declareParameters(READER_PARAMETERS);
    const text = (name: keyof typeof parameters) => parameters[name].valueAsString;
    const number = (name: keyof typeof parameters) => parameters[name].valueAsNumber;
    const declareCondition = (name: string, expression: ICfnConditionExpression) =>
      new CfnCondition(this, name, { expression });
    const isGiven = (value: string) => Fn.conditionNot(Fn.conditionEquals(value, ""));
    const isNone = (value: string) => Fn.conditionEquals(value, "");

    new CfnRule(this, "DomainWithCertificate").addAssertion(
      Fn.conditionOr(
        Fn.conditionAnd(isNone(text("DomainName")), isNone(text("CertificateArn"))),
        Fn.conditionAnd(isGiven(text("DomainName")), isGiven(text("CertificateArn"))),
      ),
      "Give a domain name and its certificate, or neither.",
    );
    this.#checkWalls(text("EndpointType"), text("VpcEndpoints"), text("DomainName"));
    this.#checkTokens(text("Authorization"), text("JwtIssuer"), text("JwtAudience"));
    const walls = new ApiWalls(this, "Walls", {
      endpointType: text("EndpointType"),
      vpcEndpoints: text("VpcEndpoints"),
      allowedCidrs: text("AllowedCidrs"),
      authorization: text("Authorization"),
      callerOrganization: text("CallerOrganizationId"),
      corsOrigin: text("CorsOrigin"),
    });
    const isStream = declareCondition("IsStream", Fn.conditionEquals(text("ResponseMode"), "STREAM"));
    const isBuffered = declareCondition("IsBuffered", Fn.conditionNot(isStream));
    const hasReservation = declareCondition(
      "HasReservation",
      Fn.conditionNot(Fn.conditionEquals(number("ReservedConcurrency"), "0")),
    );
    const hasBucket = declareCondition("HasBucket", isGiven(text("Bucket")));
    const hasEmail = declareCondition("HasEmail", isGiven(text("AlarmEmail")));

    const derived = `${text("Name")}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    const bucketName = Fn.conditionIf(hasBucket.logicalId, text("Bucket"), derived).toString();
    const storeUrl = `s3://${bucketName}?region=${Aws.REGION}`;
    const reserve = (count: number) => Fn.conditionIf(hasReservation.logicalId, count, Aws.NO_VALUE);
    const mode = new ResponseMode(isStream);
    const logRetentionDays = number("LogRetentionDays");
    const alsoRead = {
      name: text("AlsoReadBucket"),
      isGiven: declareCondition("HasAlsoReadBucket", isGiven(text("AlsoReadBucket"))),
    };
    const settings = {
      code: {
        ...code,
        inBucket: locateCode(this, { bucket: text("S3Bucket"), key: text("S3Key") }),
      },
      bucketArn: `arn:${Aws.PARTITION}:s3:::${bucketName}`,
      memoryMegabytes: number("MemorySize"),
      logRetentionDays,
      alsoRead,
      key: { arn: text("KmsKeyArn"), isGiven: declareCondition("HasKmsKey", isGiven(text("KmsKeyArn"))) },
      environment: {
        ROLLCALL_STORE: storeUrl,
        ROLLCALL_ALSO_READ: locateAlsoRead(alsoRead),
        ROLLCALL_WITHIN: text("Within"),
        ROLLCALL_MAX_AGE: text("MaxAge"),
        ROLLCALL_LOG_LEVEL: text("LogLevel"),
      },
    };

    const { function: reader, logGroup } = new Program(this, "Reader", {
      ...settings,
      environment: { ...settings.environment, ...walls.environment },
      handler: mode.handler,
      description: "Rollcall: answers with every fresh report",
      timeoutSeconds: mode.timeoutSeconds,
      rights: READER_RIGHTS,
      reservedConcurrency: reserve(number("ReservedConcurrency")),
    });
    // One is enough. Two would do no harm, since the slower one's manifest is refused (If-Match),
    // and no good either.
    const refresher = new Refresher(this, "Refresher", {
      ...settings,
      rate: text("RefreshRate"),
      reservedConcurrency: reserve(1),
      accountMetrics: text("AccountMetrics"),
    }).function;

    const authorizer = new AuthorizerFunction(this, "Authorizer", {
      code: settings.code,
      isWanted: walls.takesTokens,
      logRetentionDays,
      // Thousands of tokens a second. Strangers can send as many, and must not use up the
      // account's.
      reservedConcurrency: reserve(5),
      environment: {
        ROLLCALL_JWT_ISSUER: text("JwtIssuer"),
        ROLLCALL_JWT_AUDIENCE: text("JwtAudience"),
        ROLLCALL_JWT_KEYS: text("JwtKeys"),
        ROLLCALL_JWT_ALGORITHMS: text("JwtAlgorithms"),
        ROLLCALL_SIGN_IN_SCOPES: text("SignInScopes"),
        ROLLCALL_LOG_LEVEL: text("LogLevel"),
      },
    });
    const api = new Api(this, "Api", {
      reader,
      authorizer: authorizer.function,
      mode,
      walls,
      corsOrigin: text("CorsOrigin"),
      isStream,
      isBuffered,
      rateLimit: number("RateLimit"),
      burstLimit: number("BurstLimit"),
      quotaPerDay: number("QuotaPerDay"),
      hasQuota: declareCondition("HasQuota", Fn.conditionNot(Fn.conditionEquals(number("QuotaPerDay"), "0"))),
      setsLogRole: declareCondition("SetsLogRole", Fn.conditionEquals(text("SetApiGatewayLogRole"), "true")),
      logRetentionDays,
    });
    new ApiDomain(this, "Domain", {
      isWanted: declareCondition("HasDomain", isGiven(text("DomainName"))),
      domainName: text("DomainName"),
      certificateArn: text("CertificateArn"),
      stage: api.stage,
      securityPolicy: SECURITY_POLICY,
      endpointAccessMode: ENDPOINT_ACCESS_MODE,
    });

    const watched = { reader, refresher, apiName: Aws.STACK_NAME, stageName: api.stage.ref };
    const alarms = new Alarms(this, "Alarm", {
      ...watched,
      email: text("AlarmEmail"),
      hasEmail,
      roll: {
        notFreshPercent: number("AlarmNotFreshPercent"),
        silentAccounts: number("AlarmSilentAccounts"),
      },
    });
    new Dashboard(this, "Dashboard", { ...watched, alarms });
    this.#print(api, walls, {
      storeUrl,
      logGroupName: logGroup.logGroupName,
      authorizerLog: authorizer.logGroup.logGroupName,
    });
    limitRoles(this, { boundary: text("PermissionsBoundary"), path: text("RolePath") });
  }

  /** A token for another application, or of another issuer, must not open here. */
  #checkTokens(authorization: string, issuer: string, audience: string): void {
    const isGiven = (value: string) => Fn.conditionNot(Fn.conditionEquals(value, ""));
    new CfnRule(this, "TokensOfAnIssuer").addAssertion(
      Fn.conditionOr(
        Fn.conditionNot(Fn.conditionEquals(authorization, "JWT")),
        Fn.conditionAnd(isGiven(issuer), isGiven(audience)),
      ),
      "Authorization=JWT goes with JwtIssuer and JwtAudience.",
    );
  }

  /** What would answer nobody, or more than is meant. */
  #checkWalls(endpointType: string, vpcEndpoints: string, domainName: string): void {
    const isPrivate = Fn.conditionEquals(endpointType, "PRIVATE");
    const isRegional = Fn.conditionEquals(endpointType, "REGIONAL");
    const hasNone = Fn.conditionEquals(vpcEndpoints, "");
    new CfnRule(this, "PrivateWithVpcEndpoints").addAssertion(
      Fn.conditionOr(
        Fn.conditionAnd(isPrivate, Fn.conditionNot(hasNone)),
        Fn.conditionAnd(isRegional, hasNone),
      ),
      "EndpointType=PRIVATE goes with VpcEndpoints, and these with it.",
    );
    new CfnRule(this, "DomainOnTheInternet").addAssertion(
      Fn.conditionOr(isRegional, Fn.conditionEquals(domainName, "")),
      "A DomainName goes with EndpointType=REGIONAL alone.",
    );
  }

  #print(
    { url, key, usagePlan, restApi, stage }: Api,
    { takesKeys, takesSignatures, takesTokens, hasPage }: ApiWalls,
    printed: { readonly storeUrl: string; readonly logGroupName: string; readonly authorizerLog: string },
  ): void {
    const { storeUrl, logGroupName, authorizerLog } = printed;
    new CfnOutput(this, "PageUrl", {
      value: `${url}/page/`,
      description: "The page for people, in a browser",
      condition: hasPage,
    });
    new CfnOutput(this, "Url", { value: `${url}/reports`, description: "Ask here" });
    // By stdin: other users of a machine see the words of a command.
    const sign =
      `printf 'user = "%s:%s"\\nheader = "x-amz-security-token: %s"\\n' ` +
      '"$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" | ' +
      `curl -K - --aws-sigv4 aws:amz:${Aws.REGION}:execute-api`;
    new CfnOutput(this, "AskCommand", {
      value: Fn.conditionIf(
        takesSignatures.logicalId,
        `${sign} ${url}/reports`,
        Fn.conditionIf(
          takesTokens.logicalId,
          `curl -H "Authorization: Bearer $ROLLCALL_TOKEN" ${url}/reports`,
          `curl -H "x-api-key: $ROLLCALL_KEY" ${url}/reports`,
        ),
      ).toString(),
      description: "Asks",
    });
    new CfnOutput(this, "ApiId", { value: restApi.ref, description: "The id of the API" });
    new CfnOutput(this, "DeployCommand", {
      value:
        `aws apigateway create-deployment --region ${Aws.REGION} --rest-api-id ${restApi.ref} ` +
        `--stage-name ${stage.ref} --query id --output text`,
      description: "After a change of who reaches the API: API Gateway uses it from then on",
    });
    new CfnOutput(this, "ApiKeyId", {
      value: key.ref,
      description: "The id of the key, which is no secret",
      condition: takesKeys,
    });
    new CfnOutput(this, "ApiKeyCommand", {
      value:
        `aws apigateway get-api-key --region ${Aws.REGION} --api-key ${key.ref} ` +
        "--include-value --query value --output text",
      description: "Prints the key itself",
      condition: takesKeys,
    });
    new CfnOutput(this, "UsagePlanId", {
      value: usagePlan.ref,
      description: "Where further keys belong",
      condition: takesKeys,
    });
    new CfnOutput(this, "StoreUrl", {
      value: storeUrl,
      description: "What is read, and what hosts name as their store",
    });
    new CfnOutput(this, "LogCommand", {
      value: `aws logs tail ${logGroupName} --region ${Aws.REGION} --since 10m`,
      description: "Prints what the reader logged",
    });
    new CfnOutput(this, "AuthorizerLogCommand", {
      value: `aws logs tail ${authorizerLog} --region ${Aws.REGION} --since 10m`,
      description: "Prints why tokens were refused",
      condition: takesTokens,
    });
  }
}
