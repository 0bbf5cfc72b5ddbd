// What rollcall aws init writes, from the answers to its questions: parameters and the scripts that
// deploy with them. Pure.

import type { Deployment } from "./aws-answers.ts";
import { listOverrides } from "./aws-settings.ts";

export const TEMPLATES = [
  "rollcall-store",
  "rollcall-reader",
  "rollcall-hosts",
  "rollcall-publisher",
] as const;

/** The program of the functions as scanners want it, beside the templates. */
export const PROGRAM_ARCHIVE = "rollcall-lambda.zip";

/**
 * What the reader reserves if it is not told otherwise: ReservedConcurrency, and one for the
 * refresher.
 */
export const RESERVED_CONCURRENCY = 11;

/** What it reserves for the function that checks tokens, where these open the API. */
export const AUTHORIZER_CONCURRENCY = 5;

/**
 * How many concurrent executions Lambda keeps from being reserved ("Configuring reserved
 * concurrency").
 */
const UNRESERVED_CONCURRENCY = 100;

/**
 * The shell function that both scripts look at a stack with. Its message is the only sign of a
 * stack that is not there, to the AWS CLI as well.
 */
const LOOK_AT = `# Sets IS_NEW to yes where the stack has yet to be made. What is left of a first deployment that was rolled back goes: it holds nothing,
# and CloudFormation takes no deployment to it.
look_at() {
  IS_NEW=no
  problem=$(aws cloudformation describe-stacks --stack-name "$1" 2>&1 >/dev/null) || case $problem in
    *"Stack with id $1 does not exist"*) IS_NEW=yes; return 0 ;;
    *) echo "$problem" >&2; exit 1 ;;
  esac
  status=$(aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].StackStatus" --output text)
  case $status in
    REVIEW_IN_PROGRESS) IS_NEW=yes ;;
    ROLLBACK_COMPLETE)
      echo "    The first deployment of $1 was rolled back: what is left of it goes first"
      aws cloudformation delete-stack --stack-name "$1"
      aws cloudformation wait stack-delete-complete --stack-name "$1"
      IS_NEW=yes
      ;;
  esac
}
`;

/** As a shell takes it for one word. */
export function quoteWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Of two variables each program has a favourite; AWS_REGION is said first, as by the AWS CLI 2. */
const SET_REGION = `REGION=\${AWS_REGION:-\${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
[ -z "$REGION" ] || export AWS_REGION="$REGION" AWS_DEFAULT_REGION="$REGION"
`;

/** The name of the policy, role and instance profile of hosts. */
function nameHosts({ name }: Deployment): string {
  return `${name}-host`;
}

/**
 * Writes the script that deploys, and deploys again after a change. Each value has been checked
 * against FORMS. Answers of nothing are written too: CloudFormation keeps what it is not told, and
 * so would keep an account that was taken back.
 */
export function writeDeployScript(deployment: Deployment): string {
  const { name, organization, accounts, bucket, alarmEmail, settings } = deployment;
  const tags = writeTags(deployment);
  const more = (stack: "store" | "reader") =>
    listOverrides(settings, stack)
      .map((word) => ` ${word}`)
      .join("");
  const alsoRead = bucket
    ? `\necho "    ${bucket} is read beside it, and keeps its policy and settings: nothing is written there"`
    : "";
  const code = writeCodeUpload(settings.codeBucket);
  const reserved = RESERVED_CONCURRENCY + (settings.authorization === "JWT" ? AUTHORIZER_CONCURRENCY : 0);
  const makeBucket = `echo "1/3 The bucket: where hosts put their reports"${alsoRead}
look_at "$NAME-store"
aws cloudformation deploy --stack-name "$NAME-store" --template-file rollcall-store.template.json \\
  --no-fail-on-empty-changeset${tags} --parameter-overrides Name=$NAME OrganizationId=${organization} Accounts=${accounts.join(",")}${more("store")}
BUCKET=$(output "$NAME-store" BucketName)`;
  return `#!/bin/sh
# Deploys Rollcall into the account and region that the AWS CLI is set to, once it was told that these are the right ones, or with --yes.
# Run it again after a change or an upgrade.
set -eu
cd "$(dirname "$0")"
NAME=${name}

case \${1-} in ""|--yes) ;; *) echo "$1: nothing but --yes is known here" >&2; exit 2 ;; esac
ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
${SET_REGION}if [ -z "$REGION" ]; then
  echo "No region is set: AWS_REGION=… rollcall-aws/deploy.sh, or aws configure set region …" >&2
  exit 1
fi
echo "Account $ACCOUNT, region $REGION: the stacks $NAME-store, $NAME-reader, $NAME-hosts"
if [ "\${1-}" != --yes ]; then
  printf "Deploy there? [y/N] "
  answer=
  read -r answer || true
  case $answer in
    y|Y|yes) ;;
    *) echo "Nothing was deployed. Say y, or run it with --yes." >&2; exit 1 ;;
  esac
fi

output() {
  aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text
}

${LOOK_AT}
${makeBucket}

echo "2/3 The reader: one URL that answers with all of them"
look_at "$NAME-reader"
# What the account has no room for, or has already. The stack keeps what it is told here, so it is asked only once.
FIRST=
if [ "$IS_NEW" = yes ]; then
  UNRESERVED=$(aws lambda get-account-settings --query AccountLimit.UnreservedConcurrentExecutions --output text)
  if [ "$UNRESERVED" -lt ${UNRESERVED_CONCURRENCY + reserved} ]; then
    echo "    No concurrency is reserved (ReservedConcurrency=0): the account has $UNRESERVED, and AWS keeps ${UNRESERVED_CONCURRENCY} of them free"
    FIRST="ReservedConcurrency=0"
  fi
  LOG_ROLE=$(aws apigateway get-account --query cloudwatchRoleArn --output text)
  case $LOG_ROLE in
    arn:*)
      echo "    API Gateway goes on logging by $LOG_ROLE (SetApiGatewayLogRole=false)"
      FIRST="$FIRST SetApiGatewayLogRole=false"
      ;;
  esac
fi
${code.upload}aws cloudformation deploy --stack-name "$NAME-reader" --template-file rollcall-reader.template.json \\
  --s3-bucket "$BUCKET" --s3-prefix templates --capabilities CAPABILITY_IAM \\
  --no-fail-on-empty-changeset${tags} --parameter-overrides $FIRST Name=$NAME Bucket= AlsoReadBucket=${bucket} AlarmEmail=${alarmEmail}${more("reader")}${code.parameters}
# API Gateway uses a change of who reaches the API only from its next deployment on, and CloudFormation does not see that it needs one.
if [ "$IS_NEW" = no ]; then
  aws apigateway create-deployment --rest-api-id "$(output "$NAME-reader" ApiId)" --stage-name v1 --query id --output text > /dev/null
fi

echo "3/3 What hosts in this account need: a policy, a role, an instance profile"
./deploy-hosts.sh "$BUCKET"

echo
echo "Hosts report to:   $(output "$NAME-reader" StoreUrl)"
# Not echo, which takes a backslash in it for more than that.
printf 'Ask:               %s | jq\\n' "$(output "$NAME-reader" AskCommand)"
PAGE=$(output "$NAME-reader" PageUrl)
[ -z "$PAGE" ] || echo "In a browser:      $PAGE"
KEY_COMMAND=$(output "$NAME-reader" ApiKeyCommand)
# After rotate-key.sh the stack's own key may open nothing any more: then another one of the plan.
is_enabled() {
  aws apigateway get-api-key --api-key "$1" --query enabled --output text 2> /dev/null || true
}
if [ -n "$KEY_COMMAND" ] && [ "$(is_enabled "$(output "$NAME-reader" ApiKeyId)")" = False ]; then
  KEY_COMMAND=
  for KEY in $(aws apigateway get-usage-plan-keys --usage-plan-id "$(output "$NAME-reader" UsagePlanId)" --query "items[].id" --output text); do
    if [ "$(is_enabled "$KEY")" = True ]; then
      KEY_COMMAND="aws apigateway get-api-key --region $REGION --api-key $KEY --include-value --query value --output text"
    fi
  done
  [ -n "$KEY_COMMAND" ] || echo "The key:           none opens: ./rotate-key.sh makes one"
fi
[ -z "$KEY_COMMAND" ] || echo "The key:           ROLLCALL_KEY=\\$($KEY_COMMAND)"
`;
}

/** The end of a line that deploys; nothing where there are no tags. */
function writeTags({ tags }: Deployment): string {
  return tags.length === 0 ? "" : ` --tags ${tags.join(" ")}`;
}

/**
 * Puts the program into a bucket, by a name of its own for each version: CloudFormation looks at
 * the name alone.
 *
 * @param bucket undefined where nothing was said of it, "" where the program goes back into the
 *   template
 */
function writeCodeUpload(bucket: string | undefined): {
  readonly upload: string;
  readonly parameters: string;
} {
  if (bucket === undefined) return { upload: "", parameters: "" };
  if (bucket === "") return { upload: "", parameters: " S3Bucket= S3Key=" };
  return {
    upload: `CODE_KEY=rollcall/$(cksum < ${PROGRAM_ARCHIVE} | tr ' ' -)-${PROGRAM_ARCHIVE}
aws s3 cp --only-show-errors ${PROGRAM_ARCHIVE} "s3://${bucket}/$CODE_KEY"
`,
    parameters: ` S3Bucket=${bucket} "S3Key=$CODE_KEY"`,
  };
}

/** Writes the script for each further account with hosts. */
export function writeHostsScript(deployment: Deployment): string {
  const { name, organization, settings } = deployment;
  const hosts = nameHosts(deployment);
  const overrides = listOverrides(settings, "hosts");
  const more = overrides.map((word) => ` ${word}`).join("");
  const setParameters = overrides
    .map((word) => word.split("=") as [string, string])
    .map(([key, value]) => ` ParameterKey=${key},ParameterValue=${value}`)
    .join("");
  const setTags = deployment.tags
    .map((tag) => tag.split("=") as [string, string])
    .map(([key, value]) => ` Key=${key},Value=${value}`)
    .join("");
  const stackSet = organization
    ? `#
# All accounts of the organization at once, and new ones as they come: from the management account, in this folder,
#   aws cloudformation activate-organizations-access
#   aws cloudformation create-stack-set --stack-set-name ${name}-hosts --template-body file://rollcall-hosts.template.json \\
#     --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED \\
#     --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \\
#     --parameters ParameterKey=Bucket,ParameterValue=BUCKET ParameterKey=HostName,ParameterValue=${hosts}${setParameters}${setTags && ` --tags${setTags}`}
#   aws cloudformation create-stack-instances --stack-set-name ${name}-hosts --regions REGION \\
#     --deployment-targets OrganizationalUnitIds=ROOT_OR_OU,Accounts=DONE,AccountFilterType=DIFFERENCE \\
#     --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100
# DONE is where this script has run, split by commas: the store's account (deploy.sh runs it), and others. The names are taken there. A stack
# set leaves the management account out: run this script there if it has hosts.
`
    : "";
  return `#!/bin/sh
# What hosts need in an account: a policy, a role, an instance profile. Run it with each account's credentials.
${stackSet}set -eu
cd "$(dirname "$0")"
BUCKET=\${1:?the bucket: ./deploy-hosts.sh BUCKET}
${SET_REGION}
${LOOK_AT}
look_at ${name}-hosts
# Roles and policies have no region. Where the account has the name already, of a deployment in another region, this one's have the region in theirs.
FIRST=
if [ "$IS_NEW" = yes ]; then
  HOST_NAME=${hosts}
  TAKEN=$(aws iam list-policies --scope Local --query "Policies[?PolicyName=='$HOST_NAME'].Arn" --output text)
  if [ -n "$TAKEN" ] && [ "$TAKEN" != None ]; then
    HOST_NAME=$HOST_NAME-$REGION
    echo "    $TAKEN is there already: policy, role and instance profile of this region are called $HOST_NAME"
  fi
  FIRST="HostName=$HOST_NAME"
fi
aws cloudformation deploy --stack-name ${name}-hosts --template-file rollcall-hosts.template.json \\
  --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset${writeTags(deployment)} --parameter-overrides "Bucket=$BUCKET" $FIRST${more}
`;
}

/**
 * Writes the script that changes the API's key with nobody locked out: one run makes a second key,
 * another disables the old one. The key that the stack made is disabled and not deleted, since the
 * stack has it.
 */
export function writeKeyScript({ name }: Pick<Deployment, "name">): string {
  return `#!/bin/sh
# Changes the key of the API with nobody locked out:
#   (umask 077; ./rotate-key.sh > rollcall.key)   makes a new key; the old one opens too
#   ./rotate-key.sh retire ID                     disables the old one, when nobody uses it any more
set -eu
cd "$(dirname "$0")"
NAME=${name}
${SET_REGION}
fail() {
  echo "$1" >&2
  exit 1
}

PLAN=$(aws cloudformation describe-stacks --stack-name "$NAME-reader" --query "Stacks[0].Outputs[?OutputKey=='UsagePlanId'].OutputValue" --output text)
[ -n "$PLAN" ] || fail "$NAME-reader takes no keys: its parameter Authorization says how it is asked"
KEYS=$(aws apigateway get-usage-plan-keys --usage-plan-id "$PLAN" --query "items[].id" --output text)

is_enabled() {
  [ "$(aws apigateway get-api-key --api-key "$1" --query enabled --output text)" = True ]
}

case \${1:-} in
  "")
    NEW=$(aws apigateway create-api-key --name "$NAME-reader-$(date -u +%Y-%m-%d)" --description "Rollcall: made by rotate-key.sh" --enabled --query id --output text)
    aws apigateway create-usage-plan-key --usage-plan-id "$PLAN" --key-type API_KEY --key-id "$NEW" --query id --output text > /dev/null || {
      aws apigateway delete-api-key --api-key "$NEW"
      fail "the new key could not be put into the usage plan, and is deleted again"
    }
    aws apigateway get-api-key --api-key "$NEW" --include-value --query value --output text
    {
      echo "The new key's id is $NEW. Give the key to whoever uses the old one, and then:"
      for KEY in $KEYS; do
        if is_enabled "$KEY"; then echo "  $0 retire $KEY"; fi
      done
    } >&2
    ;;
  retire)
    OLD=\${2:-}
    [ -n "$OLD" ] || fail "which one? $0 retire ID; the plan has: $KEYS"
    IS_HERE=no
    OTHER=
    for KEY in $KEYS; do
      if [ "$KEY" = "$OLD" ]; then
        IS_HERE=yes
      elif is_enabled "$KEY"; then
        OTHER=$KEY
      fi
    done
    [ "$IS_HERE" = yes ] || fail "$OLD is no key of this API; it has: $KEYS"
    [ -n "$OTHER" ] || fail "no other key opens: make one first, with $0"
    STACK_KEY=$(aws cloudformation describe-stacks --stack-name "$NAME-reader" --query "Stacks[0].Outputs[?OutputKey=='ApiKeyId'].OutputValue" --output text)
    aws apigateway update-api-key --api-key "$OLD" --patch-operations op=replace,path=/enabled,value=false --query id --output text > /dev/null
    echo "$OLD opens nothing any more. To undo it: aws apigateway update-api-key --api-key $OLD --patch-operations op=replace,path=/enabled,value=true" >&2
    if [ "$OLD" = "$STACK_KEY" ]; then
      echo "deploy.sh and the output ApiKeyCommand of $NAME-reader go on naming it. The key that opens: aws apigateway get-api-key --api-key $OTHER --include-value --query value --output text" >&2
    fi
    ;;
  *) fail "$0 makes a key; $0 retire ID disables one" ;;
esac
`;
}
