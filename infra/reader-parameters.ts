// The parameters of the stack rollcall-reader.
import { CODE_PARAMETERS, ROLE_PARAMETERS } from "./operation-parameters.ts";

/** What CloudWatch Logs takes (API reference, "PutRetentionPolicy"), up to a year. */
export const LOG_RETENTION_DAYS = ["1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365"];

/** Digits that a duration has at most, as the program takes it (src/specs/duration.ts). */
const MAX_DIGITS = 9;

/** What fills a day, after which reports expire, in each unit. */
const A_DAY = { d: 1, h: 24, m: 1440, s: 86_400, ms: 86_400_000 };

/** A pattern of so many digits. */
const matchDigits = (count: number) => (count === 0 ? "" : `[0-9]{${count}}`);

/** A pattern of the whole numbers from 1 to a highest one, zeros in front or none. */
function matchNumbersTo(highest: number): string {
  const digits = String(highest);
  const width = digits.length;
  const shorter = Array.from(
    { length: width - 1 },
    (_, more) => `0{0,${width - 1 - more}}[1-9]${matchDigits(more)}`,
  );
  const lower = [...digits].flatMap((digit, place) => {
    const [least, most] = [place === 0 ? 1 : 0, Number(digit) - 1];
    const rest = matchDigits(width - 1 - place);
    return most < least ? [] : [`${digits.slice(0, place)}[${least}-${most}]${rest}`];
  });
  return `0{0,${MAX_DIGITS - width}}(${[...shorter, ...lower, digits].join("|")})`;
}

/**
 * More than nothing and at most a day, as the program takes it (src/questions/query.ts): a
 * deployment with another would fail with its first request.
 */
const DURATION = {
  allowedPattern: `^(${Object.entries(A_DAY)
    .map(([unit, highest]) => matchNumbersTo(highest) + unit)
    .join("|")})$`,
  constraintDescription: "such as 90s, 30m, 2h or 1d, at most a day",
};

const FLAG = ["true", "false"] as const;

/** A network, of either family; API Gateway itself checks the numbers. */
const CIDR = "[0-9a-fA-F:.]{2,45}/[0-9]{1,3}";

/** Of issuers, audiences and claims: what addresses have, less what means something to a shell. */
const TOKEN_TEXT = "A-Za-z0-9._~:/@%+-";

/** Those of src/access/signed-token.ts. */
const ALGORITHM = "(RS|PS|ES)(256|384|512)|EdDSA|Ed25519";

const SCOPE_GRANT = `[${TOKEN_TEXT}]{1,128}=[${TOKEN_TEXT}]{1,256}:(read|admin)`;

export const WITHIN = {
  label: "Freshness",
  default: "2h",
  ...DURATION,
  description: "How old a fresh report may be.",
} as const;

const ALSO_READ_BUCKET = {
  label: "Bucket that is also read",
  default: "",
  allowedPattern: "^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
  constraintDescription: "the name of a bucket, or nothing",
  description: "A bucket of this region that is read beside, and never written: one that you move from.",
} as const;

export const ALARM_EMAIL = {
  label: "E-mail for alarms",
  default: "",
  allowedPattern: "^([^@\\s]+@[^@\\s]+\\.[^@\\s]+)?$",
  constraintDescription: "an e-mail address, or nothing",
  description: "Gets a message to confirm, then one for each alarm and its end.",
} as const;

/** In the order and under the headings of the console. */
export const READER_PARAMETERS = [
  {
    heading: "Store",
    parameters: {
      Name: {
        label: "Name",
        default: "rollcall",
        allowedPattern: "^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$",
        constraintDescription: "2 to 32 lower case letters, digits and hyphens",
        description: "The name that rollcall-store was given: its bucket is NAME-ACCOUNT-REGION.",
      },
      Bucket: {
        label: "Bucket",
        default: "",
        allowedPattern: "^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        constraintDescription: "the name of a bucket, or nothing",
        description: "Another bucket of this account and region, in the place of that one.",
      },
      AlsoReadBucket: ALSO_READ_BUCKET,
      KmsKeyArn: {
        label: "Key of the bucket",
        default: "",
        allowedPattern: "^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$",
        constraintDescription: "the ARN of a key of AWS KMS, or nothing",
        description:
          "Where another bucket is encrypted with a key of yours: the key, which may " +
          "then be used through S3.",
      },
    },
  },
  {
    heading: "Answers",
    parameters: {
      Within: WITHIN,
      MaxAge: {
        label: "Age of answers",
        default: "10s",
        ...DURATION,
        description: "An answer may be so old; the store is then not listed for each question.",
      },
      ResponseMode: {
        label: "Response mode",
        default: "STREAM",
        allowedValues: ["STREAM", "BUFFERED"],
        description:
          "STREAM has no limit of 29 s and 6 MB. BUFFERED is for regions without it; " +
          "larger answers are then fetched from the bucket.",
      },
      RefreshRate: {
        label: "Refresh",
        default: "rate(1 minute)",
        allowedPattern: "^rate\\((1 minute|[2-5] minutes)\\)$",
        constraintDescription: "rate(1 minute), or rate(2 minutes) to rate(5 minutes)",
        description: "How often the snapshot is brought up to date.",
      },
    },
  },
  {
    heading: "Functions",
    parameters: {
      MemorySize: {
        label: "Memory",
        type: "Number",
        default: 1024,
        minValue: 512,
        maxValue: 10240,
        description: "Megabytes, of each function. A CPU goes with 1,769 of them.",
      },
      ReservedConcurrency: {
        label: "Reserved concurrency",
        type: "Number",
        default: 10,
        minValue: 0,
        maxValue: 1000,
        description:
          "How many questions are answered at a time. 0 reserves nothing, which an " +
          "account needs whose limit is 10 in all: AWS keeps some unreserved.",
      },
      LogLevel: {
        label: "Log level",
        default: "info",
        allowedValues: ["trace", "debug", "info", "warn", "error", "fatal"],
      },
      LogRetentionDays: {
        label: "Days that logs are kept",
        type: "Number",
        default: "30",
        allowedValues: LOG_RETENTION_DAYS,
      },
    },
  },
  {
    heading: "Who reaches the API",
    parameters: {
      EndpointType: {
        label: "Endpoint type",
        default: "REGIONAL",
        allowedValues: ["REGIONAL", "PRIVATE"],
        description:
          "PRIVATE is not on the internet: the API is reached through the VPC endpoints " +
          "(of execute-api) that VpcEndpoints names.",
      },
      VpcEndpoints: {
        label: "VPC endpoints",
        default: "",
        allowedPattern: "^(vpce-[0-9a-f]{8,17}(,vpce-[0-9a-f]{8,17})*)?$",
        constraintDescription:
          "ids such as vpce-0123456789abcdef0, split by commas without spaces, or nothing",
        description: "With PRIVATE: the endpoints, of any account, through which the API is reached.",
      },
      AllowedCidrs: {
        label: "Addresses",
        default: "",
        allowedPattern: `^(${CIDR}(,${CIDR})*)?$`,
        constraintDescription: "networks such as 203.0.113.0/24,2001:db8::/32 without spaces, or nothing",
        description:
          "Answers these networks alone; with PRIVATE those within the VPC. Nothing: all that reach the API.",
      },
      Authorization: {
        label: "Authorization",
        default: "API_KEY",
        allowedValues: ["API_KEY", "AWS_IAM", "JWT"],
        description:
          "API_KEY is the header x-api-key; AWS_IAM are requests that are signed (curl --aws-sigv4) by " +
          "whoever may execute-api:Invoke; JWT are tokens of your identity provider (Authorization: Bearer).",
      },
      JwtIssuer: {
        label: "Issuer of tokens",
        default: "",
        allowedPattern: `^[${TOKEN_TEXT}]{0,512}$`,
        constraintDescription: "such as https://login.example.com, or nothing",
        description: "With JWT: what tokens have in iss, to the letter.",
      },
      JwtAudience: {
        label: "Audience of tokens",
        default: "",
        allowedPattern: `^([${TOKEN_TEXT}]{1,512}(,[${TOKEN_TEXT}]{1,512}){0,9})?$`,
        constraintDescription: "one or more, split by commas without spaces, or nothing",
        description: "With JWT: what tokens must have in aud; one of several.",
      },
      JwtKeys: {
        label: "Keys of the issuer",
        default: "",
        allowedPattern: `^(https://[${TOKEN_TEXT}]{1,512})?$`,
        constraintDescription: "an address that begins with https://, or nothing",
        description:
          "With JWT: the address of the JWKS, on the internet, where the issuer has no " +
          "/.well-known/openid-configuration.",
      },
      JwtAlgorithms: {
        label: "Algorithms of tokens",
        default: "RS256,ES256",
        allowedPattern: `^(${ALGORITHM})(,(${ALGORITHM}))*$`,
        constraintDescription:
          "some of RS, PS or ES with 256, 384 or 512, EdDSA and Ed25519, split by commas",
        description: "With JWT: by which tokens may be signed.",
      },
      SignInScopes: {
        label: "Who may ask",
        default: "",
        allowedPattern: `^(${SCOPE_GRANT}(,${SCOPE_GRANT}){0,49})?$`,
        constraintDescription: "such as groups=staff:read, split by commas without spaces, or nothing",
        description:
          "With JWT: CLAIM=VALUE:read, of which a token must have one. Nothing: all tokens of the issuer " +
          "for this audience.",
      },
      CallerOrganizationId: {
        label: "Organization of callers",
        default: "",
        allowedPattern: "^(o-[a-z0-9]{10,32})?$",
        constraintDescription: "an organization's id such as o-a1b2c3d4e5, or nothing",
        description:
          "With AWS_IAM: callers of other accounts of this organization may ask too, where their own " +
          "policies say so.",
      },
      CorsOrigin: {
        label: "Origin of web pages",
        default: "",
        allowedPattern: "^(\\*|https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?)?$",
        constraintDescription: "such as https://wiki.example.com, or *, or nothing",
        description: "Scripts of web pages from there may read answers (CORS). * is any page.",
      },
    },
  },
  {
    heading: "Limits of the API",
    parameters: {
      RateLimit: {
        label: "Questions a second",
        type: "Number",
        default: 10,
        minValue: 1,
        maxValue: 10000,
        description: "Of each key; and of all together for each method of a path.",
      },
      BurstLimit: {
        label: "Questions at once",
        type: "Number",
        default: 20,
        minValue: 1,
        maxValue: 5000,
        description: "Likewise.",
      },
      QuotaPerDay: {
        label: "Questions a day",
        type: "Number",
        default: 100000,
        minValue: 0,
        description: "For each key. 0 is no limit.",
      },
    },
  },
  {
    heading: "Address",
    parameters: {
      DomainName: {
        label: "Domain name",
        default: "",
        allowedPattern: "^([a-z0-9-]+(\\.[a-z0-9-]+)+)?$",
        constraintDescription: "such as rollcall.example.com, or nothing",
        description:
          "Answer as https://DOMAIN/v1/reports too. You point the name at the output DomainTarget.",
      },
      CertificateArn: {
        label: "Certificate",
        default: "",
        allowedPattern: "^(arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-f0-9-]+)?$",
        constraintDescription:
          "the ARN of a certificate of AWS Certificate Manager in this region, or nothing",
        description: "Of the domain name.",
      },
    },
  },
  {
    heading: "Operation",
    parameters: {
      AlarmEmail: ALARM_EMAIL,
      AlarmNotFreshPercent: {
        label: "Alarm for a shrunken roll",
        type: "Number",
        default: 50,
        minValue: 1,
        maxValue: 100,
        description:
          "An alarm when so many percent of the hosts of the last day, but for those that left, are " +
          "not fresh. 100 is an empty roll, for which there is an alarm in any case.",
      },
      AlarmSilentAccounts: {
        label: "Alarm for silent accounts",
        type: "Number",
        default: 1,
        minValue: 1,
        maxValue: 10000,
        description: "An alarm when so many accounts had hosts within a day and have no fresh one.",
      },
      AccountMetrics: {
        label: "Accounts with metrics",
        type: "Number",
        default: 0,
        minValue: 0,
        maxValue: 500,
        description:
          "So many accounts, those with most hosts first, get two metrics of their own, which " +
          "CloudWatch bills ($0.60 a month). The refresher's log has the counts of accounts anyway.",
      },
      SetApiGatewayLogRole: {
        label: "Let API Gateway log",
        default: "true",
        allowedValues: FLAG,
        description:
          "Sets the role by which API Gateway logs, for the whole account and " +
          "region. Say false where one is set already.",
      },
    },
  },
  { heading: "The program", parameters: CODE_PARAMETERS },
  { heading: "Roles", parameters: ROLE_PARAMETERS },
] as const;
