// The stack rollcall-hosts: what a host's role may do. It goes to each account that has hosts,
// alone or as a StackSet.
import { Aws, CfnCondition, CfnOutput, type CfnResource, Fn, type StackProps, Token } from "aws-cdk-lib";
import {
  CfnInstanceProfile,
  CfnManagedPolicy,
  type CfnRole,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { acknowledgePatterns } from "./acknowledgement.ts";
import { OWN_KEYS, SPECS, TOP_LEVEL_REPORTS } from "./keys.ts";
import { limitRoles, ROLE_PARAMETERS } from "./operation-parameters.ts";
import { RollcallStack } from "./rollcall-stack.ts";

const PARAMETERS = [
  {
    heading: "Store",
    parameters: {
      Bucket: {
        label: "Bucket",
        allowedPattern: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        constraintDescription: "the name of a bucket",
        description: "The output BucketName of the stack rollcall-store.",
      },
      LegacyBucket: {
        label: "Bucket that you move from",
        default: "",
        allowedPattern: "^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        constraintDescription: "the name of a bucket, or nothing",
        description:
          "Hosts may also put INSTANCE_ID.json to its top, as --legacy-key and --legacy-store do. " +
          "Nothing ties such a key to the host that writes it.",
      },
    },
  },
  {
    heading: "Hosts",
    parameters: {
      HostName: {
        label: "Name",
        default: "rollcall-host",
        allowedPattern: "^[A-Za-z0-9_+=,.@-]{1,64}$",
        constraintDescription: "1 to 64 letters, digits and _+=,.@-",
        description:
          "Of the managed policy, and of the role and instance profile. The same in " +
          "all accounts, so that others can name them.",
      },
      CreateRole: {
        label: "Make a role",
        default: "true",
        allowedValues: ["true", "false"],
        description:
          "Makes a role and an instance profile with the policy. Say false to attach " +
          "the policy to roles of your own.",
      },
      RoleNames: {
        label: "Roles that exist",
        default: "",
        allowedPattern: "^([A-Za-z0-9_+=.@-]{1,64}(,[A-Za-z0-9_+=.@-]{1,64})*)?$",
        constraintDescription: "names of roles, not ARNs, split by commas without spaces",
        description:
          "The policy is attached to these roles of the account too, split by commas. An account that " +
          "lacks one of them gets none of the stack. They must trust ec2.amazonaws.com alone.",
      },
    },
  },
  { heading: "Roles", parameters: ROLE_PARAMETERS },
] as const;

/** The policy, a role that has nothing else, and roles of the account that get it as well. */
export class HostsStack extends RollcallStack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, {
      description: "Rollcall: what a host may do, one stack in each account that has hosts",
      ...props,
    });
    const parameters = this.declareParameters(PARAMETERS);
    const { Bucket, LegacyBucket, HostName, CreateRole, RoleNames } = parameters;
    const bucketArn = `arn:${Aws.PARTITION}:s3:::${Bucket.valueAsString}`;
    const below = (keys: readonly string[]) => keys.map((key) => `${bucketArn}/${key}`);

    const policy = new ManagedPolicy(this, "Policy", {
      managedPolicyName: HostName.valueAsString,
      description: "Rollcall: a host may write its own report and departure, and read published specs",
      statements: [
        new PolicyStatement({ sid: "PutOwn", actions: ["s3:PutObject"], resources: below(OWN_KEYS) }),
        new PolicyStatement({ sid: "GetSpecs", actions: ["s3:GetObject"], resources: below([SPECS]) }),
      ],
    });
    acknowledgePatterns(policy, bucketArn, { get: [SPECS], put: [] });
    const attaches = new CfnCondition(this, "AttachesToRoles", {
      expression: Fn.conditionNot(Fn.conditionEquals(RoleNames.valueAsString, "")),
    });
    (policy.node.defaultChild as CfnManagedPolicy).addPropertyOverride(
      "Roles",
      Fn.conditionIf(attaches.logicalId, Fn.split(",", RoleNames.valueAsString), Aws.NO_VALUE),
    );

    const role = new Role(this, "Role", {
      roleName: HostName.valueAsString,
      description: "Rollcall: hosts",
      // EC2 alone: whoever else may assume a role picks the session's name, and with it whose
      // report is written.
      assumedBy: new ServicePrincipal("ec2.amazonaws.com"),
      managedPolicies: [policy],
    });
    const profile = new CfnInstanceProfile(this, "InstanceProfile", {
      instanceProfileName: HostName.valueAsString,
      roles: [role.roleName],
    });
    const createsRole = new CfnCondition(this, "CreatesRole", {
      expression: Fn.conditionEquals(CreateRole.valueAsString, "true"),
    });
    for (const resource of [role.node.defaultChild as CfnResource, profile])
      resource.cfnOptions.condition = createsRole;

    const legacyArn = `arn:${Aws.PARTITION}:s3:::${LegacyBucket.valueAsString}`;
    const legacy = new CfnManagedPolicy(this, "LegacyPolicy", {
      managedPolicyName: `${HostName.valueAsString}-legacy`,
      description: "Rollcall: a host may write its report in the old form to a bucket that is moved from",
      roles: Token.asList(
        Fn.conditionIf(
          createsRole.logicalId,
          Fn.conditionIf(attaches.logicalId, Fn.split(",", `${role.roleName},${RoleNames.valueAsString}`), [
            role.roleName,
          ]),
          Fn.conditionIf(attaches.logicalId, Fn.split(",", RoleNames.valueAsString), Aws.NO_VALUE),
        ),
      ),
      policyDocument: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: "PutOldForm",
            actions: ["s3:PutObject"],
            resources: [`${legacyArn}/${TOP_LEVEL_REPORTS}`],
          }),
        ],
      }),
    });
    acknowledgePatterns(legacy, legacyArn, { get: [], put: [TOP_LEVEL_REPORTS] });
    legacy.cfnOptions.condition = new CfnCondition(this, "HasLegacyBucket", {
      expression: Fn.conditionNot(Fn.conditionEquals(LegacyBucket.valueAsString, "")),
    });

    new CfnOutput(this, "PolicyArn", {
      value: policy.managedPolicyArn,
      description: "Attach it to roles of your own",
    });
    new CfnOutput(this, "InstanceProfileName", { value: profile.ref, condition: createsRole });
    new CfnOutput(this, "RoleIds", {
      value: `${Aws.ACCOUNT_ID}/${HostName.valueAsString}=${(role.node.defaultChild as CfnRole).attrRoleId}`,
      description: "ROLLCALL_ROLE_IDS, for hosts of this account in networks without STS",
      condition: createsRole,
    });
    limitRoles(this, {
      boundary: parameters.PermissionsBoundary.valueAsString,
      path: parameters.RolePath.valueAsString,
    });
  }
}
