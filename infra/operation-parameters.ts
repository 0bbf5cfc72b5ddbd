// Parameters that a company's platform team asks of every stack: whence the program comes, and
// which limits and path its roles get.
import { Aws, CfnCondition, type CfnElement, CfnRule, Fn, type Stack } from "aws-cdk-lib";
import { CfnInstanceProfile, CfnManagedPolicy, CfnRole } from "aws-cdk-lib/aws-iam";

/** Of stacks that make roles. */
export const ROLE_PARAMETERS = {
  PermissionsBoundary: {
    label: "Permissions boundary",
    default: "",
    allowedPattern: "^([A-Za-z0-9_+=,.@-]{1,128}(/[A-Za-z0-9_+=,.@-]{1,128}){0,8})?$",
    constraintDescription: "a policy's name, after its path if it has one: boundaries/standard; or nothing",
    description:
      "Of all roles that the stack makes: the name, not the ARN, of a managed policy of the account, so " +
      "that a stack set can say it for all accounts.",
  },
  RolePath: {
    label: "Path of roles",
    default: "/",
    allowedPattern: "^/([A-Za-z0-9_+=,.@-]{1,64}/){0,8}$",
    constraintDescription: "such as /rollcall/, or /",
    description: "Of all roles, policies and instance profiles that the stack makes.",
  },
} as const;

/** Of stacks that have a function. */
export const CODE_PARAMETERS = {
  S3Bucket: {
    label: "Bucket of the program",
    default: "",
    allowedPattern: "^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
    constraintDescription: "the name of a bucket of this region, or nothing",
    description:
      "Where rollcall-lambda.zip lies, so that what scans functions sees the program as it is. Nothing: " +
      "the program is in the template, compressed.",
  },
  S3Key: {
    label: "Key of the program",
    default: "",
    allowedPattern: "^([A-Za-z0-9/!_.*'()=-]{1,512})?$",
    constraintDescription: "the key of an object, or nothing",
    description: "Another one for each version: a function is brought up to date where the key changes.",
  },
} as const;

/**
 * Gives all roles of a stack a boundary, where one is named, and with the policies and instance
 * profiles the path. To be called when all are made.
 */
export function limitRoles(
  stack: Stack,
  { boundary, path }: { readonly boundary: string; readonly path: string },
): void {
  const hasBoundary = new CfnCondition(stack, "HasPermissionsBoundary", {
    expression: Fn.conditionNot(Fn.conditionEquals(boundary, "")),
  });
  const resources = stack.node.findAll() as unknown as readonly CfnElement[];
  for (const resource of resources) {
    if (resource instanceof CfnRole) {
      resource.addPropertyOverride("Path", path);
      resource.addPropertyOverride(
        "PermissionsBoundary",
        Fn.conditionIf(
          hasBoundary.logicalId,
          `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:policy/${boundary}`,
          Aws.NO_VALUE,
        ),
      );
    } else if (resource instanceof CfnManagedPolicy || resource instanceof CfnInstanceProfile)
      resource.addPropertyOverride("Path", path);
  }
}

/** Where the program lies in a bucket, if it does. */
export interface CodeInBucket {
  readonly bucket: string;
  readonly key: string;
  readonly isGiven: CfnCondition;
}

/** Declares what goes with the parameters of the program. */
export function locateCode(stack: Stack, { bucket, key }: { bucket: string; key: string }): CodeInBucket {
  const isNothing = (value: string) => Fn.conditionEquals(value, "");
  new CfnRule(stack, "CodeBucketWithKey").addAssertion(
    Fn.conditionOr(
      Fn.conditionAnd(isNothing(bucket), isNothing(key)),
      Fn.conditionAnd(Fn.conditionNot(isNothing(bucket)), Fn.conditionNot(isNothing(key))),
    ),
    "Give S3Bucket and S3Key, or neither.",
  );
  const isGiven = new CfnCondition(stack, "HasCodeInBucket", {
    expression: Fn.conditionNot(isNothing(bucket)),
  });
  return { bucket, key, isGiven };
}
