// What rollcall aws init writes, from the answers to its questions: parameters and the scripts that deploy with them. Pure.

/** What has to be known before anything can be deployed. */
export interface Deployment {
  /** Begins the names of all that is made; the bucket is NAME-ACCOUNT-REGION. */
  readonly name: string;
  /** Whose hosts may report: those of an organization, of some accounts, or "" and [] for those of this account. */
  readonly organization: string;
  readonly accounts: readonly string[];
  /** A bucket that holds reports already, in the place of a new one; "" for a new one. */
  readonly bucket: string;
  /** Who hears of alarms; "" for nobody. */
  readonly alarmEmail: string;
}

/** The forms of the answers: also what keeps them from meaning anything to a shell. */
export const FORMS = {
  name: { form: /^[a-z][a-z0-9-]{1,23}$/, words: "2 to 24 of a-z, 0-9 and -, beginning with a letter" },
  organization: { form: /^o-[a-z0-9]{10,32}$/, words: "an organization's id such as o-a1b2c3d4e5" },
  account: { form: /^\d{12}$/, words: "an account's id has 12 digits" },
  bucket: { form: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, words: "a bucket's name" },
  alarmEmail: { form: /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}$/, words: "an address such as ops@example.com" },
} as const;

export const TEMPLATES = ["rollcall-store", "rollcall-reader", "rollcall-hosts"] as const;

/** Reads who may report. @returns undefined if the text is neither an organization nor accounts */
export function parseReporters(text: string): Pick<Deployment, "organization" | "accounts"> | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const [first = ""] = parts;
  if (parts.length === 1 && FORMS.organization.form.test(first)) return { organization: first, accounts: [] };
  if (parts.every((part) => FORMS.account.form.test(part))) return { organization: "", accounts: parts };
  return undefined;
}

/** Writes the script that deploys, and deploys again after a change. Each value has been checked against FORMS. */
export function writeDeployScript({ name, organization, accounts, bucket, alarmEmail }: Deployment): string {
  const reporters = [
    ...(organization ? [`OrganizationId=${organization}`] : []),
    ...(accounts.length > 0 ? [`Accounts=${accounts.join(",")}`] : []),
  ];
  const store = ["Name=$NAME", ...reporters].join(" ");
  const reader = [
    "Name=$NAME",
    ...(bucket ? [`Bucket=${bucket}`] : []),
    ...(alarmEmail ? [`AlarmEmail=${alarmEmail}`] : []),
  ].join(" ");
  const makeBucket = bucket
    ? `echo "1/3 The bucket ${bucket} is there already, and stays as it is"
BUCKET=${bucket}`
    : `echo "1/3 The bucket: where hosts put their reports"
aws cloudformation deploy --stack-name $NAME-store --template-file rollcall-store.template.json \\
  --no-fail-on-empty-changeset --parameter-overrides ${store}
BUCKET=$(output $NAME-store BucketName)`;
  return `#!/bin/sh
# Deploys Rollcall into the account and region that the AWS CLI is set to. Run it again after a change or an upgrade.
set -eu
cd "$(dirname "$0")"
NAME=${name}

output() {
  aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text
}

${makeBucket}

echo "2/3 The reader: one URL that answers with all of them"
aws cloudformation deploy --stack-name $NAME-reader --template-file rollcall-reader.template.json \\
  --s3-bucket "$BUCKET" --s3-prefix templates --capabilities CAPABILITY_IAM \\
  --no-fail-on-empty-changeset --parameter-overrides ${reader}

echo "3/3 What hosts in this account need: a policy, a role, an instance profile"
./deploy-hosts.sh "$BUCKET"

echo
echo "Hosts report to:   $(output $NAME-reader StoreUrl)"
echo "Ask:               curl -H \\"x-api-key: \\$ROLLCALL_KEY\\" $(output $NAME-reader Url) | jq"
echo "The key:           ROLLCALL_KEY=\\$($(output $NAME-reader ApiKeyCommand))"
`;
}

/** Writes the script for each further account with hosts. */
export function writeHostsScript({ name, organization }: Deployment): string {
  const stackSet = organization
    ? `#
# All accounts of the organization at once, and new ones as they come: from the management account, with the folder's template,
#   aws cloudformation create-stack-set --stack-set-name ${name}-hosts --template-body file://rollcall-hosts.template.json \\
#     --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED \\
#     --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false --parameters ParameterKey=Bucket,ParameterValue=BUCKET
#   aws cloudformation create-stack-instances --stack-set-name ${name}-hosts \\
#     --deployment-targets OrganizationalUnitIds=ROOT_OR_OU --regions REGION
`
    : "";
  return `#!/bin/sh
# What hosts need in an account: a policy, a role, an instance profile. Run it with each account's credentials.
${stackSet}set -eu
cd "$(dirname "$0")"
BUCKET=\${1:?the bucket: ./deploy-hosts.sh BUCKET}
aws cloudformation deploy --stack-name ${name}-hosts --template-file rollcall-hosts.template.json \\
  --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset --parameter-overrides "Bucket=$BUCKET"
`;
}
