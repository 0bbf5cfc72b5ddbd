// The role by which API Gateway writes logs: a setting of the whole account and region, which one
// stack of it may make.

import { type CfnCondition, type CfnResource, RemovalPolicy, Validations } from "aws-cdk-lib";
import { CfnAccount } from "aws-cdk-lib/aws-apigateway";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

export interface ApiLogRoleProps {
  readonly isWanted: CfnCondition;
}

/**
 * Stays when the stack goes, and where its creation fails half way: the setting of the account
 * outlives it, and other APIs would log through a role that is gone (aws-cdk issues 6194 and
 * 10878).
 */
export class ApiLogRole extends Construct {
  readonly account: CfnAccount;

  constructor(scope: Construct, id: string, { isWanted }: ApiLogRoleProps) {
    super(scope, id);
    const role = new Role(this, "Role", {
      description: "API Gateway's logs, of all APIs in this account and region",
      assumedBy: new ServicePrincipal("apigateway.amazonaws.com"),
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName("service-role/AmazonAPIGatewayPushToCloudWatchLogs"),
      ],
    });
    Validations.of(role).acknowledge({
      id: "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
      reason:
        "API Gateway asks for this policy of AWS's own, by name, and checks the " +
        'role for it ("Set up CloudWatch logging for REST APIs").',
    });
    this.account = new CfnAccount(this, "Account", { cloudWatchRoleArn: role.roleArn });
    for (const resource of [role.node.defaultChild as CfnResource, this.account]) {
      resource.cfnOptions.condition = isWanted;
      resource.applyRemovalPolicy(RemovalPolicy.RETAIN);
    }
  }
}
