// The Lambda authorizer of the API: a function that checks tokens of the company's identity
// provider, and knows nothing of the store.
import {
  Aws,
  type CfnCondition,
  type CfnResource,
  Duration,
  type ICfnConditionExpression,
  RemovalPolicy,
} from "aws-cdk-lib";
import { CfnAuthorizer, type CfnRestApi } from "aws-cdk-lib/aws-apigateway";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, CfnPermission, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { type CfnLogGroup, LogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { type ProgramCode, placeCode } from "./program.ts";

/** A signature takes a millisecond; TLS to the issuer wants some of a processor. */
const MEMORY_MEGABYTES = 512;

/**
 * The issuer's description and its keys, 3 seconds each (src/access/signing-keys.ts), and a start.
 */
const TIMEOUT_SECONDS = 10;

/** What API Gateway lets through to the function: other values are 401 at once. */
const BEARER_TOKEN = "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$";

export interface AuthorizerFunctionProps {
  readonly code: ProgramCode;
  readonly isWanted: CfnCondition;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetentionDays: number;
  readonly reservedConcurrency: ICfnConditionExpression;
}

/** The function, its role, which may write its log and nothing else, and that log. */
export class AuthorizerFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: AuthorizerFunctionProps) {
    super(scope, id);
    const description = "Rollcall: checks tokens for the API";
    this.logGroup = new LogGroup(this, "Log", { removalPolicy: RemovalPolicy.DESTROY });
    const logGroup = this.logGroup.node.defaultChild as CfnLogGroup;
    logGroup.retentionInDays = props.logRetentionDays;
    const mayLog = new PolicyStatement({
      sid: "Log",
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [this.logGroup.logGroupArn],
    });
    const role = new Role(this, "Role", {
      description,
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { log: new PolicyDocument({ statements: [mayLog] }) },
    });
    this.function = new LambdaFunction(this, "Function", {
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: props.code.code,
      handler: "index.authorize",
      role,
      logGroup: this.logGroup,
      memorySize: MEMORY_MEGABYTES,
      timeout: Duration.seconds(TIMEOUT_SECONDS),
      environment: { ...props.environment },
    });
    placeCode(this.function, props.code);
    const resource = this.function.node.defaultChild as CfnResource;
    resource.addPropertyOverride("ReservedConcurrentExecutions", props.reservedConcurrency);
    // CDK names the role once more than the function's own property does.
    resource.addDeletionOverride("DependsOn");
    for (const made of [logGroup, role.node.defaultChild, resource])
      (made as CfnResource).cfnOptions.condition = props.isWanted;
  }
}

export interface TokenAuthorizerProps {
  readonly restApi: CfnRestApi;
  readonly function: LambdaFunction;
  readonly isWanted: CfnCondition;
}

/**
 * What API Gateway asks before it lets a request through. It keeps no answers: so a token that has
 * ended, a key that the issuer has withdrawn and a changed setting count at once (API Gateway API
 * reference, "CreateAuthorizer", authorizerResultTtlInSeconds).
 */
export class TokenAuthorizer extends Construct {
  readonly resource: CfnAuthorizer;

  constructor(scope: Construct, id: string, { restApi, function: target, isWanted }: TokenAuthorizerProps) {
    super(scope, id);
    this.resource = new CfnAuthorizer(this, "Resource", {
      restApiId: restApi.ref,
      name: "token",
      type: "TOKEN",
      identitySource: "method.request.header.Authorization",
      identityValidationExpression: BEARER_TOKEN,
      authorizerResultTtlInSeconds: 0,
      authorizerUri:
        `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/2015-03-31/functions/` +
        `${target.functionArn}/invocations`,
    });
    const permission = new CfnPermission(this, "Permit", {
      functionName: target.functionArn,
      action: "lambda:InvokeFunction",
      principal: "apigateway.amazonaws.com",
      sourceArn:
        `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${restApi.ref}` +
        `/authorizers/${this.resource.ref}`,
    });
    for (const made of [this.resource, permission]) made.cfnOptions.condition = isWanted;
  }
}
