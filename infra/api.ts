// The REST API in front of the reader: paths, key, limits, logs.
import { createHash } from "node:crypto";
import { Aws, type CfnCondition, type CfnResource, Fn, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import {
  CfnApiKey,
  type CfnAuthorizer,
  CfnDeployment,
  CfnGatewayResponse,
  CfnMethod,
  CfnResource as CfnPath,
  CfnRestApi,
  CfnStage,
  CfnUsagePlan,
  CfnUsagePlanKey,
} from "aws-cdk-lib/aws-apigateway";
import { CfnPermission, type Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type CfnLogGroup, LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ApiLogRole } from "./api-log-role.ts";
import { API_METHODS, API_PATHS, type ApiPath } from "./api-paths.ts";
import type { ApiWalls } from "./api-walls.ts";
import { formatProblem, GATEWAY_PROBLEMS } from "./gateway-problems.ts";
import type { ResponseMode } from "./response-mode.ts";
import { TokenAuthorizer } from "./token-authorizer.ts";

export interface ApiProps {
  readonly reader: LambdaFunction;
  /** Checks tokens, where they open the API. */
  readonly authorizer: LambdaFunction;
  readonly mode: ResponseMode;
  readonly walls: ApiWalls;
  /** Whose scripts may read answers, where hasCors holds. */
  readonly corsOrigin: string;
  readonly isStream: CfnCondition;
  readonly isBuffered: CfnCondition;
  readonly rateLimit: number;
  readonly burstLimit: number;
  readonly quotaPerDay: number;
  readonly hasQuota: CfnCondition;
  readonly setsLogRole: CfnCondition;
  readonly logRetentionDays: number;
}

/** What a deployment shows. */
interface Definition {
  /** What is always there. */
  readonly definition: readonly CfnResource[];
  readonly preflights: readonly CfnMethod[];
  /** What parameters may leave out, preflights among them. */
  readonly mayBe: readonly CfnResource[];
}

/** The stage's name is the first part of each path. */
const STAGE = "v1";

/**
 * TLS 1.2 or later; API Gateway's own default for regional APIs begins at 1.0 ("Supported security
 * policies"), and an enhanced policy wants an access mode.
 */
export const SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09";
export const ENDPOINT_ACCESS_MODE = "BASIC";

/**
 * Who asked what and how it went. No query, and the key's id alone: `$context.identity.apiKey`
 * would be the key itself.
 */
const ACCESS_LOG = {
  time: "$context.requestTime",
  requestId: "$context.requestId",
  ip: "$context.identity.sourceIp",
  vpcEndpoint: "$context.identity.vpceId",
  keyId: "$context.identity.apiKeyId",
  caller: "$context.identity.userArn",
  identity: "$context.authorizer.principalId",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  bytes: "$context.responseLength",
  ms: "$context.responseLatency",
  readerMs: "$context.integrationLatency",
  error: "$context.error.responseType",
  tls: "$context.tlsVersion",
};

/**
 * The API, its stage, and one key, which API Gateway makes up and no template, output or log has.
 */
export class Api extends Construct {
  readonly restApi: CfnRestApi;
  readonly stage: CfnStage;
  readonly key: CfnApiKey;
  readonly usagePlan: CfnUsagePlan;
  readonly url: string;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    this.restApi = new CfnRestApi(this, "RestApi", {
      name: Aws.STACK_NAME,
      description: "Rollcall: what is running on every host",
      endpointConfiguration: {
        types: props.walls.endpointTypes,
        vpcEndpointIds: props.walls.vpcEndpointIds,
      },
      policy: props.walls.policy,
      securityPolicy: SECURITY_POLICY,
      endpointAccessMode: ENDPOINT_ACCESS_MODE,
      binaryMediaTypes: props.mode.binaryMediaTypes,
    });
    Validations.of(this.restApi).acknowledge({
      id: "AwsSolutions-APIG2",
      reason:
        "The program checks every parameter itself and answers with a problem that " +
        "names it; no request has a body.",
    });
    const { resource: authorizer } = new TokenAuthorizer(this, "Authorizer", {
      restApi: this.restApi,
      function: props.authorizer,
      isWanted: props.walls.takesTokens,
    });
    const paths = this.#addPaths(props, authorizer);
    const preflights = this.#addPreflights(props, paths);
    const definition = [...paths, ...this.#addProblems(props)];
    const mayBe = [authorizer, ...preflights];
    this.stage = this.#addStage(props, this.#addDeployments(props, { definition, preflights, mayBe }));
    this.usagePlan = this.#addUsagePlan(props);
    this.key = this.#addKey();
    this.#permitCalls(props);
    this.url = `https://${this.restApi.ref}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${STAGE}`;
  }

  #addPaths({ reader, mode, walls }: ApiProps, authorizer: CfnAuthorizer): (CfnPath | CfnMethod)[] {
    const integration = integrate(reader, mode);
    const top = this.restApi.attrRootResourceId;
    const ids = new Map<string | undefined, string>([[undefined, top]]);
    return API_PATHS.flatMap(({ part, name, needsKey, below }) => {
      const parentId = ids.get(below) ?? top;
      const resource =
        part === ""
          ? undefined
          : new CfnPath(this, name, { restApiId: this.restApi.ref, parentId, pathPart: part });
      const resourceId = resource?.ref ?? top;
      ids.set(name, resourceId);
      const methods = API_METHODS.map((httpMethod) => {
        const method = new CfnMethod(this, `${name}${httpMethod}`, {
          restApiId: this.restApi.ref,
          resourceId,
          httpMethod,
          authorizationType: needsKey ? walls.authorizationType : "NONE",
          ...(needsKey && { authorizerId: walls.chooseAuthorizer(authorizer) }),
          apiKeyRequired: needsKey ? walls.apiKeyRequired : false,
          integration,
        });
        acknowledgeKeys(method, needsKey);
        return method;
      });
      return resource ? [resource, ...methods] : methods;
    });
  }

  /**
   * What a browser asks before the question itself, with no key or signature (Fetch standard,
   * "CORS-preflight fetch").
   */
  #addPreflights({ reader, mode, walls }: ApiProps, paths: readonly CfnResource[]): CfnMethod[] {
    return API_PATHS.flatMap(({ name, isOfPage }) => {
      const resource = paths.find((one) => one instanceof CfnPath && one.node.id === name);
      if (!resource || isOfPage) return [];
      const preflight = new CfnMethod(this, `${name}OPTIONS`, {
        restApiId: this.restApi.ref,
        resourceId: resource.ref,
        httpMethod: "OPTIONS",
        authorizationType: "NONE",
        apiKeyRequired: false,
        integration: integrate(reader, mode),
      });
      preflight.cfnOptions.condition = walls.hasCors;
      acknowledgeKeys(preflight, false);
      return [preflight];
    });
  }

  #addProblems({ walls, corsOrigin }: ApiProps): CfnGatewayResponse[] {
    const allowed = Fn.conditionIf(walls.hasCors.logicalId, `'${corsOrigin}'`, Aws.NO_VALUE).toString();
    const { takesSignatures, takesTokens } = walls;
    return GATEWAY_PROBLEMS.map((problem) => {
      const { whereSigned, whereTokens } = problem;
      const [condition, special] = whereSigned
        ? [takesSignatures, whereSigned]
        : [takesTokens, whereTokens ?? problem];
      const choose = (write: (shown: typeof special) => string) => {
        const [there, usual] = [write(special), write(problem)];
        return there === usual ? usual : Fn.conditionIf(condition.logicalId, there, usual).toString();
      };
      const headers = {
        "Content-Type": "'application/problem+json'",
        "Cache-Control": "'no-store'",
        ...problem.headers,
      };
      return new CfnGatewayResponse(this, `Problem${problem.type.replace(/_/g, "")}`, {
        restApiId: this.restApi.ref,
        responseType: problem.type,
        statusCode: choose(({ status }) => String(status)),
        responseTemplates: { "application/json": choose(formatProblem) },
        responseParameters: Object.fromEntries(
          [...Object.entries(headers), ["Access-Control-Allow-Origin", allowed] as const].map(
            ([name, value]) => [`gatewayresponse.header.${name}`, value],
          ),
        ),
      });
    });
  }

  /**
   * A deployment is a picture of the API, and CloudFormation takes a new one only where its name is
   * new. So the name has a hash of what it shows, as it stands in the template, and each response
   * mode has its own, or a change of that parameter alone would change nothing.
   */
  #addDeployments(
    { mode, walls, isStream, isBuffered }: ApiProps,
    { definition, preflights, mayBe }: Definition,
  ): string {
    const shown = [this.restApi, ...definition, ...mayBe].map((resource) =>
      Stack.of(this).resolve(resource._toCloudFormation()),
    );
    const hash = createHash("sha256").update(JSON.stringify(shown)).digest("hex").slice(0, 8);
    const [stream, buffered] = [
      { name: "Stream", condition: isStream },
      { name: "Buffered", condition: isBuffered },
    ].map(({ name, condition }) => {
      const deployment = new CfnDeployment(this, `Deployment${name}${hash}`, {
        restApiId: this.restApi.ref,
        // Comes after the preflights, where there are any: this names them.
        description: Fn.conditionIf(
          walls.hasCors.logicalId,
          `Rollcall, for web pages: ${preflights.map(({ ref }) => ref).join(" ")}`,
          "Rollcall",
        ).toString(),
      });
      deployment.cfnOptions.condition = condition;
      deployment.node.addDependency(...definition);
      return deployment.ref;
    });
    return mode.choose(stream, buffered).toString();
  }

  #addStage(props: ApiProps, deploymentId: string): CfnStage {
    const logRole = new ApiLogRole(this, "LogRole", { isWanted: props.setsLogRole });
    const logGroup = this.#addLog("AccessLog", props.logRetentionDays);
    // API Gateway makes this one by itself where it is not there, and then it is kept for ever.
    const executionLog = this.#addLog(
      "ExecutionLog",
      props.logRetentionDays,
      `API-Gateway-Execution-Logs_${this.restApi.ref}/${STAGE}`,
    );
    const stage = new CfnStage(this, "Stage", {
      restApiId: this.restApi.ref,
      deploymentId,
      stageName: STAGE,
      // Comes after the role, where there is one: this names it, while a DependsOn would hold where
      // it is not made.
      description: Fn.conditionIf(
        props.setsLogRole.logicalId,
        `Rollcall, logging through ${logRole.account.ref}`,
        "Rollcall",
      ).toString(),
      accessLogSetting: { destinationArn: logGroup.logGroupArn, format: JSON.stringify(ACCESS_LOG) },
      methodSettings: [
        {
          resourcePath: "/*",
          httpMethod: "*",
          // Of each method: paid metrics that nothing here asks for. Those of the stage are free.
          metricsEnabled: false,
          // Bodies and headers, keys among them, would be in a trace of the data.
          loggingLevel: "ERROR",
          dataTraceEnabled: false,
          throttlingRateLimit: props.rateLimit,
          throttlingBurstLimit: props.burstLimit,
        },
      ],
    });
    stage.node.addDependency(executionLog);
    Validations.of(stage).acknowledge({
      id: "AwsSolutions-APIG3",
      reason:
        "Keys and the throttle bound what is asked; AWS WAF costs more than all the " +
        "rest, and attaches to the stage from outside where it is wanted.",
    });
    return stage;
  }

  #addLog(id: string, retentionDays: number, logGroupName?: string): LogGroup {
    const logGroup = new LogGroup(this, id, {
      removalPolicy: RemovalPolicy.DESTROY,
      ...(logGroupName && { logGroupName }),
    });
    (logGroup.node.defaultChild as CfnLogGroup).retentionInDays = retentionDays;
    return logGroup;
  }

  #addUsagePlan({ rateLimit, burstLimit, quotaPerDay, hasQuota }: ApiProps): CfnUsagePlan {
    return new CfnUsagePlan(this, "UsagePlan", {
      usagePlanName: Aws.STACK_NAME,
      apiStages: [{ apiId: this.restApi.ref, stage: this.stage.ref }],
      throttle: { rateLimit, burstLimit },
      quota: Fn.conditionIf(hasQuota.logicalId, { Limit: quotaPerDay, Period: "DAY" }, Aws.NO_VALUE),
    });
  }

  #addKey(): CfnApiKey {
    const key = new CfnApiKey(this, "Key", {
      name: Aws.STACK_NAME,
      description: "Rollcall: made with the stack. Make one for each who asks, in the same usage plan",
      enabled: true,
    });
    new CfnUsagePlanKey(this, "UsagePlanKey", {
      keyId: key.ref,
      keyType: "API_KEY",
      usagePlanId: this.usagePlan.ref,
    });
    return key;
  }

  #permitCalls({ reader, walls }: ApiProps): void {
    for (const method of [...API_METHODS, "OPTIONS"]) {
      const api = `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${this.restApi.ref}`;
      const permission = new CfnPermission(this, `Permit${method}`, {
        functionName: reader.functionArn,
        action: "lambda:InvokeFunction",
        principal: "apigateway.amazonaws.com",
        sourceArn: `${api}/${STAGE}/${method}/*`,
      });
      if (method === "OPTIONS") permission.cfnOptions.condition = walls.hasCors;
    }
  }
}

function integrate(reader: LambdaFunction, mode: ResponseMode) {
  return {
    type: "AWS_PROXY",
    integrationHttpMethod: "POST",
    uri: mode.invocationUri(reader.functionArn),
    responseTransferMode: mode.transferMode,
    timeoutInMillis: mode.timeoutMs,
  };
}

function acknowledgeKeys(method: CfnMethod, needsKey: ApiPath["needsKey"]): void {
  const how = needsKey
    ? "Whoever asks has an API key, whose plan throttles it; a key can be given to a " +
      "shell script, which a token cannot for long. AWS_IAM and JWT are the parameter's other values."
    : "It says nothing of any host: health, documentation, and what a browser asks beforehand.";
  for (const id of ["AwsSolutions-APIG4", "AwsSolutions-COG4"])
    Validations.of(method).acknowledge({ id, reason: how });
}
