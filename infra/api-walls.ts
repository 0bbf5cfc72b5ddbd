// Who reaches the API and how a caller shows who it is: the endpoint's type, the resource policy,
// and what each method asks for. All of it is decided when the stack is deployed.
import { Aws, CfnCondition, Fn, type ICfnConditionExpression, type IResolvable, Token } from "aws-cdk-lib";
import type { CfnAuthorizer } from "aws-cdk-lib/aws-apigateway";
import { Construct } from "constructs";
import { API_METHODS, API_PATHS } from "./api-paths.ts";

export interface ApiWallsProps {
  /** Parameters of the stack (reader-parameters.ts). */
  readonly endpointType: string;
  readonly vpcEndpoints: string;
  readonly allowedCidrs: string;
  readonly authorization: string;
  readonly callerOrganization: string;
  readonly corsOrigin: string;
}

const isNothing = (value: string) => Fn.conditionEquals(value, "");

/**
 * Makes what depends on these parameters. API Gateway guide, "Control access to a REST API with API
 * Gateway resource policies": what it denies is denied whatever else allows it, and a private API
 * answers nobody without a policy.
 */
export class ApiWalls extends Construct {
  readonly isPrivate: CfnCondition;
  readonly takesKeys: CfnCondition;
  readonly takesSignatures: CfnCondition;
  readonly takesTokens: CfnCondition;
  /** A browser shows a key or a token, and signs nothing. */
  readonly hasPage: CfnCondition;
  readonly hasCors: CfnCondition;
  readonly #props: ApiWallsProps;
  readonly #hasCidrs: CfnCondition;
  readonly #hasCallerOrganization: CfnCondition;

  constructor(scope: Construct, id: string, props: ApiWallsProps) {
    super(scope, id);
    this.#props = props;
    const declare = (name: string, expression: ICfnConditionExpression) =>
      new CfnCondition(this, name, { expression });
    this.isPrivate = declare("IsPrivate", Fn.conditionEquals(props.endpointType, "PRIVATE"));
    this.takesKeys = declare("TakesKeys", Fn.conditionEquals(props.authorization, "API_KEY"));
    this.takesSignatures = declare("TakesSignatures", Fn.conditionEquals(props.authorization, "AWS_IAM"));
    this.takesTokens = declare("TakesTokens", Fn.conditionEquals(props.authorization, "JWT"));
    this.hasPage = declare("HasPage", Fn.conditionNot(this.takesSignatures));
    this.#hasCidrs = declare("HasCidrs", Fn.conditionNot(isNothing(props.allowedCidrs)));
    this.#hasCallerOrganization = declare(
      "HasCallerOrganization",
      Fn.conditionNot(isNothing(props.callerOrganization)),
    );
    this.hasCors = declare("HasCors", Fn.conditionNot(isNothing(props.corsOrigin)));
  }

  get endpointTypes(): string[] {
    return [this.#props.endpointType];
  }

  /** Those that get names of their own for the API: `API-ENDPOINT.execute-api…`. */
  get vpcEndpointIds(): string[] {
    return Token.asList(this.#when(this.isPrivate, this.#vpcEndpoints(), Aws.NO_VALUE));
  }

  /** What a method that needs a caller asks for. */
  get authorizationType(): string {
    const otherwise = this.#when(this.takesTokens, "CUSTOM", "NONE");
    return this.#when(this.takesSignatures, "AWS_IAM", otherwise).toString();
  }

  /** Whom such a method asks about a token. */
  chooseAuthorizer(authorizer: CfnAuthorizer): string {
    return this.#when(this.takesTokens, authorizer.ref, Aws.NO_VALUE).toString();
  }

  get apiKeyRequired(): IResolvable {
    return this.#when(this.takesKeys, true, false);
  }

  /** The policy of the API. */
  get policy(): object {
    const { callerOrganization } = this.#props;
    const anybody = { Principal: "*", Action: "execute-api:Invoke" };
    const root = `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:root`;
    return {
      Version: "2012-10-17",
      Statement: [
        // With signatures "*" would let in every account of AWS, and everybody of this one. So the
        // account is named, whose own policies then say who may ask.
        {
          Sid: "Ask",
          Effect: "Allow",
          ...anybody,
          Principal: this.#when(this.takesSignatures, { AWS: root }, "*"),
          Resource: "execute-api:/*",
        },
        {
          Sid: "OpenPaths",
          Effect: "Allow",
          ...anybody,
          Resource: API_PATHS.filter(({ needsKey, isOfPage }) => !needsKey && !isOfPage).flatMap(({ part }) =>
            API_METHODS.map((method) => `execute-api:/*/${method}/${part}`),
          ),
        },
        this.#when(
          this.#hasCallerOrganization,
          {
            Sid: "AskFromOtherAccounts",
            Effect: "Allow",
            ...anybody,
            Resource: "execute-api:/*",
            Condition: {
              StringEquals: { "aws:PrincipalOrgID": callerOrganization },
              StringNotEquals: { "aws:PrincipalAccount": Aws.ACCOUNT_ID },
            },
          },
          Aws.NO_VALUE,
        ),
        this.#when(
          this.hasCors,
          { Sid: "Preflight", Effect: "Allow", ...anybody, Resource: "execute-api:/*/OPTIONS/*" },
          Aws.NO_VALUE,
        ),
        this.#when(
          this.#hasCidrs,
          {
            Sid: "AllowedCidrsAlone",
            Effect: "Deny",
            ...anybody,
            Resource: "execute-api:/*",
            // Of a private API the address is that within the VPC (same guide, "AWS condition keys
            // that can be used in API Gateway resource policies").
            Condition: this.#when(
              this.isPrivate,
              { NotIpAddress: { "aws:VpcSourceIp": this.#cidrs() } },
              { NotIpAddress: { "aws:SourceIp": this.#cidrs() } },
            ),
          },
          Aws.NO_VALUE,
        ),
        this.#when(
          this.isPrivate,
          {
            Sid: "VpcEndpointsAlone",
            Effect: "Deny",
            ...anybody,
            Resource: "execute-api:/*",
            Condition: { StringNotEquals: { "aws:SourceVpce": this.#vpcEndpoints() } },
          },
          Aws.NO_VALUE,
        ),
      ],
    };
  }

  /**
   * What the function checks again: API Gateway uses a changed policy or method only from its next
   * deployment on, and an environment counts at once.
   */
  get environment(): Record<string, string> {
    const { allowedCidrs, vpcEndpoints, authorization, corsOrigin } = this.#props;
    return {
      ROLLCALL_ALLOWED_CIDRS: allowedCidrs,
      ROLLCALL_VPC_ENDPOINTS: vpcEndpoints,
      ROLLCALL_AUTHORIZATION: authorization,
      ROLLCALL_CORS_ORIGIN: corsOrigin,
    };
  }

  #cidrs(): readonly string[] {
    return Fn.split(",", this.#props.allowedCidrs);
  }

  #vpcEndpoints(): readonly string[] {
    return Fn.split(",", this.#props.vpcEndpoints);
  }

  #when(condition: CfnCondition, then: unknown, otherwise: unknown): IResolvable {
    return Fn.conditionIf(condition.logicalId, then, otherwise);
  }
}
