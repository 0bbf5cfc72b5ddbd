// Forms of credentials: texts that are one whatever they are called, since each begins, or is
// built, as nothing else is. Pure.
import { API_KEY_FORM, HOST_KEY_FORM } from "../report/api-key.ts";
import { isRandom, isUserAndPassword } from "./credential-names.ts";

/** A form. Where the pattern has a group, the group alone is the credential. */
export interface Form {
  /** Global and with indices; its repetitions are bounded, or begin at what cannot begin twice. */
  readonly pattern: RegExp;
  /** What the pattern cannot say. */
  readonly isOne?: (match: string) => boolean;
}

/**
 * Tokens of services by the prefix that the service gives them: what follows the prefix, by its
 * alphabet and length. Sources: the services' own documentation of their tokens' forms.
 */
const PREFIXED: readonly string[] = [
  // Amazon, Alibaba, Tencent, Scaleway, Yandex:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
  "(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9+/]{60,4096}=*",
  "ABSK[A-Za-z0-9+/]{60,512}=*",
  "bedrock-api-key-[A-Za-z0-9+/=]{20,4096}",
  "LTAI[A-Za-z0-9]{12,24}",
  "AKID[A-Za-z0-9]{32}",
  "SCW[A-Z0-9]{17}",
  "AQVN[A-Za-z0-9_-]{35,38}",
  // GitHub:
  // https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
  "gh[pousr]_[A-Za-z0-9]{36,251}",
  "github_pat_[A-Za-z0-9_]{22,251}",
  // GitLab: https://docs.gitlab.com/security/tokens/#token-prefixes
  "gl(?:pat|dt|rt|rtr|ptt|ft|soat|cbt|imt|agent|oas|ffct|wt)-[A-Za-z0-9_.-]{20,300}",
  "GR1348941[A-Za-z0-9_-]{20}",
  // Package registries.
  "npm_[A-Za-z0-9]{36}",
  "pypi-[A-Za-z0-9_-]{50,512}",
  "rubygems_[a-f0-9]{48}",
  "oy2[a-z0-9]{43}",
  "cio[A-Za-z0-9]{32}",
  "dckr_[po]at_[A-Za-z0-9_-]{20,64}",
  "CLOJARS_[a-z0-9]{60}",
  "AKCp[A-Za-z0-9]{69}",
  "cmVmdGtu[A-Za-z0-9+/]{56}",
  // Models: OpenAI and those that have its form are below.
  "gsk_[A-Za-z0-9]{40,64}",
  "xai-[A-Za-z0-9]{60,100}",
  "pplx-[A-Za-z0-9]{40,64}",
  "r8_[A-Za-z0-9]{37}",
  "hf_[A-Za-z0-9]{30,40}",
  "api_org_[A-Za-z0-9]{34}",
  "nvapi-[A-Za-z0-9_-]{60,80}",
  "tgp_v1_[A-Za-z0-9_-]{40,64}",
  "pcsk_[A-Za-z0-9_]{40,80}",
  "csk-[a-z0-9]{40,64}",
  "tvly-[A-Za-z0-9-]{28,48}",
  "lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
  "fw_[A-Za-z0-9]{22,32}",
  "sk_[a-f0-9]{48}",
  // HashiCorp, Pulumi, Doppler, 1Password, Tailscale, OpenShift.
  "hv[sbr]\\.[A-Za-z0-9_-]{24,300}",
  "s\\.[A-Za-z0-9]{24}(?![A-Za-z0-9.])",
  "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}",
  "pul-[a-f0-9]{40}",
  "dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9_.-]{40,80}",
  "ops_eyJ[A-Za-z0-9_=-]{100,4096}",
  "A3-[A-Z0-9]{6}-[A-Z0-9]{5,11}(?:-[A-Z0-9]{5}){3,4}",
  "tskey-[a-z]{2,12}-[A-Za-z0-9-]{10,64}",
  "sha256~[A-Za-z0-9_-]{43}",
  // Slack: https://docs.slack.dev/authentication/tokens
  "xox[abceoprs]-[A-Za-z0-9-]{10,250}",
  "xoxe\\.xox[bp]-[A-Za-z0-9-]{10,250}",
  "xapp-\\d-[A-Za-z0-9-]{10,250}",
  "xwfp-[A-Za-z0-9-]{10,250}",
  // Discord, Telegram.
  "[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}",
  "\\d{8,10}:AA[A-Za-z0-9_-]{32,34}",
  // Google: https://docs.cloud.google.com/docs/authentication/api-keys
  "AIza[A-Za-z0-9_-]{35}",
  "GOCSPX-[A-Za-z0-9_-]{28}",
  "ya29\\.[A-Za-z0-9_-]{20,1024}",
  "1//0[A-Za-z0-9_-]{30,512}",
  "AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140}",
  // Azure.
  "[A-Za-z0-9_~.-]{3}\\dQ~[A-Za-z0-9_~.-]{31,34}",
  "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
  "[A-Za-z0-9+/]{33,76}(?:\\+ASt|\\+AEh|\\+ASb|\\+ACR|ACDb|AzCa|AIoT|AzSe|AzFu)[A-Za-z0-9+/]{5,8}={0,2}",
  // Platforms.
  "do[opr]_v1_[a-f0-9]{64}",
  "HRKU-[A-Za-z0-9_-]{36,64}",
  "fm[12][ar]?_[A-Za-z0-9+/=_-]{60,4096}",
  "fo1_[A-Za-z0-9_-]{43}",
  "nfp_[A-Za-z0-9]{36}",
  "v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}",
  "sbp_[a-f0-9]{40}",
  "sb_secret_[A-Za-z0-9_-]{20,64}",
  "pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}",
  "napi_[a-z0-9]{40,80}",
  "rnd_[A-Za-z0-9]{28,40}",
  "K00\\d[A-Za-z0-9+/]{27}",
  // Mail.
  "SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}",
  "key-[a-f0-9]{32}",
  "[a-f0-9]{32}-us\\d{1,2}",
  "x(?:keysib|smtpsib)-[a-f0-9]{64}-[A-Za-z0-9]{16}",
  "re_[A-Za-z0-9]{6,12}_[A-Za-z0-9]{20,32}",
  // Twilio; observability.
  "SK[a-f0-9]{32}",
  "NR(?:AK|II|IQ|JS|RA|SP|AA)-[A-Za-z0-9_-]{19,32}",
  "[a-f0-9]{36}NRAL",
  "glc_[A-Za-z0-9+/]{32,400}={0,3}",
  "glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
  "eyJrIjoi[A-Za-z0-9]{40,400}={0,3}",
  "sntrys_eyJ[A-Za-z0-9+/=_]{40,1024}",
  "sntryu_[a-f0-9]{64}",
  "hc[abcx][imxl]k_[a-z0-9]{58}",
  "dt0[a-z]\\d\\d\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}",
  // Work.
  "sq[upa]_[a-f0-9]{40}",
  "CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}",
  "bk(?:ua|ct|pt|aj)_[A-Za-z0-9]{40}",
  "AT(?:ATT|CTT)3[A-Za-z0-9_=-]{50,300}",
  "ATBB[A-Za-z0-9]{24,40}",
  "lin_(?:api|oauth)_[A-Za-z0-9]{40,64}",
  "secret_[A-Za-z0-9]{43}",
  "ntn_[A-Za-z0-9]{43,50}",
  "pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}",
  "pat-(?:na|eu|ap)\\d-[a-f0-9]{8}-[a-f0-9-]{27}",
  "fig[ourdh]{1,2}_[A-Za-z0-9_-]{40,64}",
  "PMAK-[a-f0-9]{24}-[a-f0-9]{34}",
  "tfp_[A-Za-z0-9_-]{40,64}",
  "CFPAT-[A-Za-z0-9_-]{40,64}",
  "sgp_(?:[a-f0-9]{16}_|local_)?[a-f0-9]{40}",
  "pnu_[A-Za-z0-9]{36}",
  // Commerce.
  "shp(?:at|ca|pa|ss|ua)_[A-Fa-f0-9]{32}",
  "[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,250}",
  "whsec_[A-Za-z0-9+/]{20,64}={0,2}",
  "sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}",
  "EAA[A-Za-z0-9]{60,400}",
  "access_token\\$(?:production|sandbox)\\$[a-z0-9]{16}\\$[a-f0-9]{32}",
  "access-(?:sandbox|development|production)-[a-f0-9]{8}-[a-f0-9-]{27}",
  "sl\\.[A-Za-z0-9_-]{60,2048}",
  "dapi[a-f0-9]{32}(?:-\\d)?",
  "d(?:kea|ose)[a-f0-9]{32}(?:-\\d)?",
  "mdb_sa_sk_[A-Za-z0-9_-]{30,64}",
  "sk\\.eyJ[A-Za-z0-9_-]{20,512}\\.[A-Za-z0-9_-]{10,128}",
  "sdk-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}",
  // Keys of people: age, BIP 32, Nostr.
  "AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{58,2048}",
  "xprv[1-9A-HJ-NP-Za-km-z]{107}",
  "nsec1[a-z0-9]{58}",
  // docs/decisions/0005 and 0023: Rollcall's own.
  API_KEY_FORM,
  HOST_KEY_FORM,
  // RFC 7519 and 7516: a header that is a JSON object, so it begins with `{"` in base64url; its
  // claims, or its four other parts.
  "eyJ[A-Za-z0-9_-]{10,4096}\\.eyJ[A-Za-z0-9_-]{10,8192}(?:\\.[A-Za-z0-9_-]{0,4096})?",
  "eyJ[A-Za-z0-9_-]{10,4096}\\.[A-Za-z0-9_-]{0,4096}\\.[A-Za-z0-9_-]{8,256}\\.[A-Za-z0-9_-]{1,8192}\\.[A-Za-z0-9_-]{16,64}",
  // crypt(3) and its kin: hashes of passwords.
  "\\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|md5|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*)\\$[A-Za-z0-9./+=,$-]{20,512}",
  "\\{(?:SSHA|SHA|SMD5|MD5|CRYPT|SSHA\\d{3}|PBKDF2[A-Z0-9-]*)\\}[A-Za-z0-9./+=$-]{20,512}",
  "(?:SCRAM-SHA-\\d+|pbkdf2_sha\\d+|bcrypt_sha256|argon2)\\$[A-Za-z0-9./+=,$:-]{20,512}",
  "\\*[0-9A-F]{40}",
  // https://docs.ceph.com/en/latest/rados/operations/user-management/: a type and a time, then the
  // key.
  "AQ[A-Za-z0-9+/]{36}==",
];

/** Before a token stands nothing that it could be the end of. */
const STARTS = "(?<![A-Za-z0-9_-])";

export const FORMS: readonly Form[] = [
  { pattern: new RegExp(`${STARTS}(?:${PREFIXED.join("|")})(?![A-Za-z0-9])`, "dg") },
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse.
  { pattern: /(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{20,300}/dg, isOne: (token) => isRandom(token) },
  // Private keys: RFC 7468, OpenSSH, PGP, SSH2 (RFC 4716's counterpart), PuTTY.
  {
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/dg,
  },
  {
    pattern:
      /---- BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY ----[\s\S]*?(?:---- END [A-Z0-9 ]{0,40}PRIVATE KEY ----|$)/dg,
  },
  { pattern: /PuTTY-User-Key-File-\d: [\s\S]*?(?:Private-MAC: [0-9a-f]{20,64}|$)/dg },
  // The same in base64, as Kubernetes has them; certificates begin so too.
  { pattern: /(?<![A-Za-z0-9+/])LS0tLS1CRUdJTi[A-Za-z0-9+/]{40,16384}={0,2}/dg, isOne: isPrivateKey },
  // Addresses that let anyone who has them write.
  {
    pattern:
      /https:\/\/hooks\.slack(?:-gov)?\.com\/(?:services|workflows|triggers)\/([A-Za-z0-9/_-]{20,200})/dg,
  },
  {
    pattern:
      /https:\/\/(?:\w{1,16}\.)?discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{5,30}\/([A-Za-z0-9_-]{20,120})/dg,
  },
  {
    pattern:
      /https:\/\/[\w.-]{1,128}\.(?:webhook\.office\.com\/webhookb2|logic\.azure\.com:443\/workflows)\/([\w@/.-]{20,400})/dg,
  },
  { pattern: /https:\/\/hooks\.zapier\.com\/hooks\/catch\/([A-Za-z0-9/]{6,64})/dg },
  { pattern: /https:\/\/api\.telegram\.org\/bot([A-Za-z0-9:_-]{20,80})/dg },
  // RFC 6750 and 7617, outside a header too.
  {
    pattern: /\b(?:Bearer|Token|ApiKey)[ \t]{1,3}([A-Za-z0-9._~+/-]{8,4096}={0,2})/dgi,
    isOne: (match) => isMixed(match.replace(/^\S+\s+/, "")),
  },
  {
    pattern: /\bBasic[ \t]{1,3}([A-Za-z0-9+/]{8,1024}={0,2})(?![A-Za-z0-9+/=])/dgi,
    isOne: (match) => isUserAndPassword(match.replace(/^\S+\s+/, "")),
  },
  { pattern: /\bAWS4-HMAC-SHA256[^\n]{0,512}?\bSignature=([a-f0-9]{64})/dg },
  {
    pattern: /\bhttps?:\/\/([A-Za-z0-9_.~-]{20,255})@(?![^\s/]{0,128}\bsentry\b)/dgi,
    isOne: (match) => isRandom(match.slice(match.indexOf("//") + 2, -1)),
  },
  { pattern: /(?<![:\w])\/\/[^\s/:@]{1,256}:([^\s/?#@]{1,256})@/dg },
  // RFC 3986, section 3.2.1: user:password@ in a URL. The user stays; the password may hold an @,
  // though it should not.
  { pattern: /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,256}:([^\s/?#]{1,512})@/dgi },
  {
    pattern:
      /\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse|ldaps?|smtps?|ftps?)(?:\+\w{1,16})?:\/\/[^\s/:@]{0,256}:(?!\d{1,5}\/)([^\s"'<>@]{1,256})@/dgi,
  },
  // https://github.com/go-sql-driver/mysql#dsn-data-source-name
  { pattern: /(?<![\w/:.-])[^\s/:@"'=]{1,128}:([^\s"'@]{1,256})@(?:tcp[46]?|unix)\(/dg },
  { pattern: /\bjdbc:oracle:thin:[^\s/@]{1,128}\/([^\s@/]{1,128})@/dgi },
];

function isMixed(token: string): boolean {
  return /\d/.test(token) || /[a-z][A-Z]|[._~+/=]/.test(token);
}

function isPrivateKey(base64: string): boolean {
  return Buffer.from(base64.slice(0, 96), "base64").toString("latin1").includes("PRIVATE KEY");
}
