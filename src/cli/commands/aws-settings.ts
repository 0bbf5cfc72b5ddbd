// Parameters of the stacks that rollcall aws init takes as flags: each is set by deploy.sh where it
// was said, taken back where nothing was said for it, and else left as it is. Pure.

/** A stack that deploy.sh makes, by the last word of its name. */
export type StackName = "store" | "reader" | "hosts";

interface SettingSpec {
  /** The flag is its name with hyphens: `allowedCidrs` is --allowed-cidrs. */
  readonly argument: string;
  readonly help: string;
  readonly form: RegExp;
  /** What the form is, for whoever missed it. */
  readonly words: string;
  /** By stack: what its parameters become. */
  readonly parameters: Partial<
    Record<StackName, (value: string) => readonly (readonly [name: string, value: string])[]>
  >;
}

const CIDR = String.raw`[0-9a-fA-F:.]{2,45}\/[0-9]{1,3}`;
const ROLE_ARN = String.raw`arn:[a-z-]+:iam::[0-9]{12}:role\/[A-Za-z0-9_+=,.@/-]+`;
/** Of issuers, audiences and claims. */
const TOKEN_TEXT = "[A-Za-z0-9._~:/@%+-]";
const ALGORITHM = "(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)";
const SCOPE_GRANT = `${TOKEN_TEXT}{1,128}=${TOKEN_TEXT}{1,256}:(?:read|admin)`;
const YES_OR_NO = { form: /^(true|false)$/, words: "true or false" };

/** The same parameter of one name. */
const same = (name: string) => (value: string) => [[name, value]] as const;

/**
 * The forms are the templates' own (infra/reader-parameters.ts, operation-parameters.ts and
 * store-stack.ts), as far as a value of theirs may stand in a shell script.
 */
export const SETTINGS = {
  requireInstance: {
    argument: "<true|false>",
    help: "take reports only where AWS says which EC2 instance signed: recommended where all hosts are",
    ...YES_OR_NO,
    parameters: { store: same("RequireInstance") },
  },
  operatorRoles: {
    argument: "<ARNS>",
    help: "roles whose instances may write more than their own report, split by commas",
    form: new RegExp(`^${ROLE_ARN}(,${ROLE_ARN})*$`),
    words: "ARNs of roles, split by commas without blanks",
    parameters: { store: same("OperatorRoles") },
  },
  allowedCidrs: {
    argument: "<CIDRS>",
    help: "the API answers these networks alone, split by commas",
    form: new RegExp(`^${CIDR}(,${CIDR})*$`),
    words: "networks such as 203.0.113.0/24,2001:db8::/32",
    parameters: { reader: same("AllowedCidrs") },
  },
  vpcEndpoints: {
    argument: "<IDS>",
    help: "the API is not on the internet, but behind these VPC endpoints, split by commas",
    form: /^vpce-[0-9a-f]{8,17}(,vpce-[0-9a-f]{8,17})*$/,
    words: "ids such as vpce-0123456789abcdef0, split by commas",
    parameters: {
      reader: (value) => [
        ["EndpointType", value === "" ? "REGIONAL" : "PRIVATE"],
        ["VpcEndpoints", value],
      ],
    },
  },
  authorization: {
    argument: "<API_KEY|AWS_IAM|JWT>",
    help: "how callers show who they are: a key, AWS's signatures, or your identity provider's tokens",
    form: /^(API_KEY|AWS_IAM|JWT)$/,
    words: "API_KEY, AWS_IAM or JWT",
    parameters: { reader: same("Authorization") },
  },
  jwtIssuer: {
    argument: "<ISSUER>",
    help: "with JWT: whose tokens count, as they have it in iss, to the letter",
    form: new RegExp(`^${TOKEN_TEXT}{1,512}$`),
    words: "such as https://login.example.com",
    parameters: { reader: same("JwtIssuer") },
  },
  jwtAudience: {
    argument: "<AUDIENCES>",
    help: "with JWT: what tokens must have in aud; of several split by commas one",
    form: new RegExp(`^${TOKEN_TEXT}{1,512}(,${TOKEN_TEXT}{1,512}){0,9}$`),
    words: "audiences, split by commas without blanks",
    parameters: { reader: same("JwtAudience") },
  },
  jwtKeys: {
    argument: "<URL>",
    help: "with JWT: where the issuer's keys are (JWKS), if it does not describe itself",
    form: new RegExp(`^https://${TOKEN_TEXT}{1,512}$`),
    words: "an address that begins with https://",
    parameters: { reader: same("JwtKeys") },
  },
  jwtAlgorithms: {
    argument: "<NAMES>",
    help: "with JWT: by which tokens may be signed, split by commas (default: RS256,ES256)",
    form: new RegExp(`^${ALGORITHM}(,${ALGORITHM})*$`),
    words: "some of RS256, ES256 and their like, split by commas",
    parameters: { reader: (value) => [["JwtAlgorithms", value === "" ? "RS256,ES256" : value]] },
  },
  signInScopes: {
    argument: "<GRANTS>",
    help: "with JWT: CLAIM=VALUE:read, split by commas, of which a token must have one",
    form: new RegExp(`^${SCOPE_GRANT}(,${SCOPE_GRANT}){0,49}$`),
    words: "such as groups=staff:read, split by commas without blanks",
    parameters: { reader: same("SignInScopes") },
  },
  callerOrganization: {
    argument: "<ID>",
    help: "with AWS_IAM: callers of other accounts of this organization too",
    form: /^o-[a-z0-9]{10,32}$/,
    words: "an organization's id such as o-a1b2c3d4e5",
    parameters: { reader: same("CallerOrganizationId") },
  },
  corsOrigin: {
    argument: "<ORIGIN>",
    help: "scripts of web pages from this origin may read answers; '*' is any",
    form: /^(\*|https?:\/\/[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?)$/,
    words: "such as https://wiki.example.com, or *",
    parameters: { reader: same("CorsOrigin") },
  },
  permissionsBoundary: {
    argument: "<POLICY>",
    help: "the name of a managed policy: the boundary of all roles that are made",
    form: /^[A-Za-z0-9_+=,.@-]{1,128}(\/[A-Za-z0-9_+=,.@-]{1,128}){0,8}$/,
    words: "a policy's name, after its path if it has one: boundaries/standard",
    parameters: { reader: same("PermissionsBoundary"), hosts: same("PermissionsBoundary") },
  },
  rolePath: {
    argument: "<PATH>",
    help: "the path of all roles that are made, such as /rollcall/",
    form: /^\/([A-Za-z0-9_+=,.@-]{1,64}\/){0,8}$/,
    words: "begins and ends with /: /rollcall/",
    parameters: { reader: rolePath, hosts: rolePath },
  },
  codeBucket: {
    argument: "<BUCKET>",
    help: "a bucket that the program is put into, where scanners see it; else it is in the template",
    form: /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    words: "a bucket's name",
    // deploy.sh says where the program lies, once it has put it there.
    parameters: {},
  },
} as const satisfies Readonly<Record<string, SettingSpec>>;

/** Nothing is no path. */
function rolePath(value: string) {
  return [["RolePath", value === "" ? "/" : value]] as const;
}

export type SettingName = keyof typeof SETTINGS;

/** By name, as far as something was said; "" where it was taken back. */
export type AwsSettings = Readonly<Partial<Record<SettingName, string>>>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** They say which tokens open the API. */
const TOKEN_SETTINGS = [
  "jwtIssuer",
  "jwtAudience",
  "jwtKeys",
  "jwtAlgorithms",
  "signInScopes",
] as const satisfies readonly SettingName[];

/** `allowedCidrs` is --allowed-cidrs. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Whether nothing, or a value of the setting's form. */
export function isSetting(name: SettingName, text: string): boolean {
  // What is one of two words cannot be nothing.
  const mayBeNothing = !["requireInstance", "authorization"].includes(name);
  return (text === "" && mayBeNothing) || SETTINGS[name].form.test(text);
}

/**
 * What of the settings does not go together.
 *
 * @param given those that were said in this run: what is kept from a run before may rest unused
 * @returns the mistake, for people; undefined where there is none
 */
export function findSettingsFault(settings: AwsSettings, given: AwsSettings): string | undefined {
  const { authorization, jwtIssuer, jwtAudience } = settings;
  if (authorization !== "JWT") {
    const unused = TOKEN_SETTINGS.find((name) => given[name]);
    return unused && `${flagOf(unused)} goes with --authorization JWT`;
  }
  if (jwtIssuer && jwtAudience) return undefined;
  return (
    "--authorization JWT goes with --jwt-issuer and --jwt-audience: a token of another issuer, or for " +
    "another application, must not open"
  );
}

/** A tag, as CloudFormation takes it. Blanks and what means something to a shell are left out. */
export const TAG = {
  form: /^(?!aws:)[A-Za-z0-9_.:/+@-]{1,128}=[A-Za-z0-9_.:/+@-]{0,256}$/,
  words: "KEY=VALUE of letters, digits and _.:/+@-, the key not beginning with aws:",
} as const;

/** Of a stack and of what it makes (AWS, "Resource tags"). */
export const MAX_TAGS = 50;

/** The parameters of a stack that are to be set, as words for the shell. */
export function listOverrides(settings: AwsSettings, stack: StackName): string[] {
  return SETTING_NAMES.flatMap((name) => {
    const value = settings[name];
    const { parameters }: SettingSpec = SETTINGS[name];
    return value === undefined ? [] : (parameters[stack]?.(value) ?? []);
  }).map(([name, value]) => `${name}=${value === "*" ? "'*'" : value}`);
}
