// Made-up credentials of the exact forms of real ones, for tests. Put together here, so that no scanner takes this repository for a leak.
import type { JsonValue } from "./value.ts";

/** A field with credentials in it. */
export interface Sample {
  readonly field: string;
  readonly value: JsonValue;
  /** What must not be seen any more. */
  readonly secrets: readonly string[];
}

const HEX = "0123456789abcdef";
const LOWER = "abcdefghijklmnopqrstuvwxyz0123456789";
const WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

let state = 16;
/** Random, and the same in each run. */
function make(alphabet: string, length: number): string {
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += alphabet.charAt((state >>> 8) % alphabet.length);
  }
  return text;
}

const word = (length: number) => make(WORD, length);
const hex = (length: number) => make(HEX, length);
const join = (...parts: readonly string[]) => parts.join("");
const encode = (text: string) => Buffer.from(text).toString("base64");
const encodeUrl = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const pem = (kind: string) =>
  [`-----BEGIN ${kind}PRIVATE KEY-----`, make(WORD, 64), make(WORD, 64), `-----END ${kind}PRIVATE KEY-----`].join("\n");
const password = () => `${make(LOWER, 6)}-${make(WORD, 5)}!`;
const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;

/** Tokens of services. They are found by their form, whatever they are called. */
const TOKENS: readonly string[] = [
  join("AKIA", make(BASE32, 16)),
  join("ASIA", make(BASE32, 16)),
  join("IQoJb3JpZ2lu", word(200), "="),
  join("ABSK", word(120), "="),
  join("LTAI", "5t", word(18)),
  join("AKID", word(32)),
  join("gh", "p_", word(36)),
  join("gh", "o_", word(36)),
  join("gh", "u_", word(36)),
  join("gh", "s_", word(36)),
  join("gh", "r_", word(76)),
  join("github", "_pat_", word(22), "_", word(59)),
  join("gl", "pat-", word(20)),
  join("gl", "pat-", word(27), ".01.", make(LOWER, 9)),
  join("gl", "dt-", word(20)),
  join("gl", "rt-", word(20)),
  join("gl", "ptt-", hex(40)),
  join("gl", "ft-", word(20)),
  join("gl", "soat-", word(20)),
  join("gl", "cbt-", "64_", word(20)),
  join("gl", "agent-", word(50)),
  join("GR13", "48941", word(20)),
  join("npm", "_", word(36)),
  join("py", "pi-", "AgEIcHlwaS5vcmc", word(120)),
  join("ruby", "gems_", hex(48)),
  join("oy", "2", make(LOWER, 43)),
  join("ci", "o", word(32)),
  join("dckr", "_pat_", word(27)),
  join("dckr", "_oat_", word(32)),
  join("sk", "-", word(20), "T3Blbk", "FJ", word(20)),
  join("sk", "-proj-", word(74), "T3Blbk", "FJ", word(74)),
  join("sk", "-svcacct-", word(60)),
  join("sk", "-admin-", word(60)),
  join("sk", "-ant-api03-", word(93), "AA"),
  join("sk", "-ant-admin01-", word(93), "AA"),
  join("sk", "-or-v1-", hex(64)),
  join("sk", "-", hex(32)),
  join("sk", "-lf-", uuid()),
  join("gs", "k_", word(52)),
  join("xa", "i-", word(80)),
  join("pp", "lx-", word(48)),
  join("r8", "_", word(37)),
  join("hf", "_", word(34)),
  join("api", "_org_", word(34)),
  join("nv", "api-", word(64)),
  join("pc", "sk_", word(60)),
  join("tv", "ly-", word(32)),
  join("lsv2", "_pt_", hex(32), "_", hex(10)),
  join("hv", "s.", word(24)),
  join("hv", "s.", "CAESI", word(90)),
  join("hv", "b.", word(120)),
  join("hv", "r.", word(100)),
  join("s", ".", word(24)),
  join(word(14), ".atlas", "v1.", word(64)),
  join("pul", "-", hex(40)),
  join("dp", ".pt.", word(43)),
  join("dp", ".st.prod.", word(43)),
  join("ops", "_eyJ", word(200)),
  join("ts", "key-auth-", word(12), "CNTRL-", word(32)),
  join("sha", "256~", word(43)),
  join("xo", "xb-", make("0123456789", 12), "-", make("0123456789", 12), "-", word(24)),
  join("xo", "xp-", make("0123456789", 12), "-", make("0123456789", 12), "-", hex(32)),
  join("xo", "xe.xo", "xp-1-", word(120)),
  join("xa", "pp-1-A", make(UPPER, 10), "-", make("0123456789", 13), "-", hex(64)),
  join("M", word(23), ".", word(6), ".", word(38)),
  join(make("123456789", 10), ":AA", word(33)),
  join("AI", "za", word(35)),
  join("GOC", "SPX-", word(28)),
  join("ya", "29.", word(120)),
  join("1//", "0g", word(60)),
  join(word(3), "8", "Q~", word(34)),
  join(word(76), "AZ", "DO", word(4)),
  join(word(76), "+A", "St", word(6), "=="),
  join(word(33), "+A", "Eh", word(5), "="),
  join(word(72), "AC", "Db", word(6), "=="),
  join("do", "p_v1_", hex(64)),
  join("do", "o_v1_", hex(64)),
  join("HR", "KU-", uuid()),
  join("fm", "2_", word(150)),
  join("nf", "p_", word(36)),
  join("sb", "p_", hex(40)),
  join("sb_", "secret_", word(31)),
  join("pscale", "_tkn_", word(43)),
  join("pscale", "_pw_", word(43)),
  join("rn", "d_", word(32)),
  join("S", "G.", word(22), ".", word(43)),
  join("key", "-", hex(32)),
  join(hex(32), "-us", "12"),
  join("xkey", "sib-", hex(64), "-", word(16)),
  join("re", "_", word(8), "_", word(24)),
  join("S", "K", hex(32)),
  join("NR", "AK-", make(UPPER, 27)),
  join(hex(36), "NR", "AL"),
  join("gl", "c_", word(120), "="),
  join("gl", "sa_", word(32), "_", hex(8)),
  join("sntr", "ys_eyJ", word(120), "=_", word(43)),
  join("sntr", "yu_", hex(64)),
  join("dt0", "c01.", make(UPPER, 24), ".", make(UPPER, 64)),
  join("sq", "p_", hex(40)),
  join("CCI", "PAT_", word(22), "_", hex(40)),
  join("bk", "ua_", hex(40)),
  join("ATA", "TT3", word(180), "=", make(UPPER, 8)),
  join("AT", "BB", word(32)),
  join("lin", "_api_", word(40)),
  join("secret", "_", word(43)),
  join("nt", "n_", word(46)),
  join("pat", word(14), ".", hex(64)),
  join("pat", "-na1-", uuid()),
  join("fig", "d_", word(43)),
  join("PM", "AK-", hex(24), "-", hex(34)),
  join("shp", "at_", hex(32)),
  join("shp", "ss_", hex(32)),
  join("sk", "_live_", word(24)),
  join("sk", "_test_", word(99)),
  join("rk", "_live_", word(24)),
  join("wh", "sec_", word(32)),
  join("sq0", "csp-", word(43)),
  join("EA", "A", word(150)),
  join("sl", ".", word(135)),
  join("da", "pi", hex(32)),
  join("da", "pi", hex(32), "-2"),
  join("AGE-", "SECRET-KEY-1", make(BECH32.toUpperCase(), 58)),
  join("ns", "ec1", make(BECH32, 58)),
  join("rc", "_", make("abcdefghijklmnopqrstuvwxyz234567", 12), "_", word(43)),
  join("rh", "_i-0", hex(16), "_", word(43)),
  join(encodeUrl({ alg: "HS256", typ: "JWT" }), ".", encodeUrl({ sub: "1234567890", name: "x" }), ".", word(43)),
  join(encodeUrl({ alg: "RSA-OAEP", enc: "A256GCM" }), ".", word(342), ".", word(16), ".", word(200), ".", word(22)),
  join("$6$", word(16), "$", word(86)),
  join("$2", "b$12$", word(53)),
  join("$argon2", "id$v=19$m=65536,t=3,p=4$", word(22), "$", word(43)),
  join("$apr", "1$", word(8), "$", word(22)),
  join("{SS", "HA}", word(40)),
  pem("RSA "),
  pem("EC "),
  pem("OPENSSH "),
  pem("ENCRYPTED "),
  pem("DSA "),
  pem(""),
  join("-----BEGIN PGP ", "PRIVATE KEY BLOCK-----\n\n", word(64), "\n-----END PGP PRIVATE KEY BLOCK-----"),
  join("PuTTY-User", "-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n", word(48), "\nPrivate-MAC: ", hex(64)),
  encode(pem("RSA ")),
  encode(pem("")),
];

/** Of a whole text, the part that must go. */
function within(field: string, make: (secret: string) => JsonValue, ...secrets: readonly string[]): Sample {
  const secret = secrets[0] ?? password();
  return { field, value: make(secret), secrets: secrets.length > 0 ? secrets : [secret] };
}

/** Names in files of the environment, INI, YAML and properties. */
const NAMES: readonly string[] = [
  ...[
    "MY_DB_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "GITLAB_RUNNER_TOKEN",
    "PGPASSWORD",
    "MYSQL_PWD",
    "MYSQL_ROOT_PASSWORD",
    "DB_PASS",
  ],
  ...["REDIS_PASSWORD", "SECRET_KEY_BASE", "DJANGO_SECRET_KEY", "JWT_SECRET", "SESSION_SECRET", "OAUTH2_PROXY_COOKIE_SECRET"],
  ...["DD_API_KEY", "NEW_RELIC_LICENSE_KEY", "RAILS_MASTER_KEY", "APP_KEY", "ENCRYPTION_KEY", "SMTP_PASSWD", "LDAP_BIND_PW"],
  ...["AZURE_CLIENT_SECRET", "AZURE_STORAGE_KEY", "TWILIO_AUTH_TOKEN", "CONSUL_HTTP_TOKEN", "VAULT_TOKEN", "SONAR_TOKEN"],
  ...[
    "DB_PASSWORD_PROD",
    "API_KEY_2",
    "dbPassword",
    "clientSecret",
    "accessToken",
    "db.pass",
    "db.password",
    "spring.datasource.password",
  ],
  ...[
    "keystore.passphrase",
    "hmacKey",
    "signing-key",
    "x-api-key",
    "private_key",
    "bind_password",
    "admin_passwd",
    "user-secret",
    "wpa_psk",
  ],
  ...["AccountKey", "SharedAccessKey", "hoge.apiKey", "RABBITMQ_DEFAULT_PASS", "WORDPRESS_AUTH_SALT", "TF_VAR_db_password"],
];

const ASSIGNED: ReadonlyArray<(name: string, secret: string) => string> = [
  (name, secret) => `LOG_LEVEL=info\n${name}=${secret}\nMODEL=A_red_1.1\n`,
  (name, secret) => `export ${name}="${secret}"`,
  (name, secret) => `[db]\nhost = db\n${name} = ${secret}\n`,
  (name, secret) => `app:\n  ${name}: ${secret}\n  model: A_red_1.1`,
  (name, secret) => JSON.stringify({ model: "A_red_1.1", nested: { [name]: secret } }),
  (name, secret) => JSON.stringify(JSON.stringify({ [name]: secret, model: "A_red_1.1" })),
  (name, secret) => `<config><${name}>${secret}</${name}></config>`,
  (name, secret) => `Environment=${name}=${secret}`,
];

export const SAMPLES: readonly Sample[] = [
  ...TOKENS.map((token): Sample => ({ field: "x", value: `said ${token}`, secrets: [token] })),
  ...NAMES.flatMap((name, at): Sample[] => {
    const [one, other] = [password(), `${word(12)}/${word(8)}`];
    const text = ASSIGNED[at % ASSIGNED.length] as (typeof ASSIGNED)[number];
    return [
      { field: "environment", value: text(name, one), secrets: [one] },
      { field: "config", value: { [name]: other }, secrets: [other] },
    ];
  }),
  within("dsn", (secret) => `postgres://app:${secret}@db.internal:5432/app?sslmode=require`, word(16)),
  within("url", (secret) => `redis://:${secret}@cache:6379/0`, word(16)),
  within("url", (secret) => `mongodb+srv://app:${secret}@cluster0.abc.mongodb.net/app`, word(16)),
  within("url", (secret) => `amqp://app:${secret}@mq:5672/%2F`, word(16)),
  within("url", (secret) => `postgres://app:${secret}@db/app`, `${word(5)}/${word(5)}`),
  within("jdbc", (secret) => `jdbc:mysql://db/app?user=app&password=${secret}&useSSL=true`, word(16)),
  within("jdbc", (secret) => `jdbc:oracle:thin:app/${secret}@//db:1521/app`, word(16)),
  within("connection", (secret) => `Server=db;Database=app;User Id=app;Password=${secret};Encrypt=true`, word(16)),
  within("connection", (secret) => `DefaultEndpointsProtocol=https;AccountName=app;AccountKey=${secret};`, `${word(86)}==`),
  within(
    "connection",
    (secret) => `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=R;SharedAccessKey=${secret}`,
    `${word(43)}=`,
  ),
  within("dsn", (secret) => `host=db user=app password=${secret} dbname=app`, word(16)),
  within("url", (secret) => `https://api.example.com/v1?token=${secret}&page=2`, word(20)),
  within("url", (secret) => `https://x.s3.amazonaws.com/a?X-Amz-Expires=300&X-Amz-Signature=${secret}`, hex(64)),
  within("url", (secret) => `https://x.blob.core.windows.net/a?sv=2022-11-02&sig=${secret}`, `${word(43)}%3D`),
  within("url", (secret) => `https://maps.example.com/a?key=${secret}`, word(32)),
  within(
    "url",
    (secret) => `https://hooks.slack.com/services/${secret}`,
    join("T", make(UPPER, 8), "/B", make(UPPER, 8), "/", word(24)),
  ),
  within("url", (secret) => `https://discord.com/api/webhooks/123456789012345678/${secret}`, word(68)),
  within("url", (secret) => `https://oauth2:${secret}@gitlab.example.com/a.git`, word(20)),
  within("header", (secret) => `Authorization: Basic ${secret}`, encode(`app:${password()}`)),
  within("header", (secret) => `Authorization: Bearer ${secret}`, word(40)),
  within("header", (secret) => `authorization: token ${secret}`, hex(40)),
  within("log", (secret) => `sent "Authorization: Bearer ${secret}" to api`, word(40)),
  within("header", (secret) => `Proxy-Authorization: Basic ${secret}`, encode(`p:${password()}`)),
  within("header", (secret) => `X-Api-Key: ${secret}`, word(32)),
  within("headers", (secret) => ({ Authorization: `Basic ${secret}` }), encode(`app:${password()}`)),
  within("command", (secret) => `/opt/app/run --db-password ${secret} --port 8080`, word(12)),
  within("command", (secret) => `/opt/app/run --api-token=${secret} -v`, word(12)),
  within("command", (secret) => `mysql -u root -p${secret} app`, word(12)),
  within("command", (secret) => `sshpass -p ${secret} ssh host`, word(12)),
  within("command", (secret) => `redis-cli -h cache -a ${secret} ping`, word(12)),
  within("command", (secret) => `curl -u app:${secret} https://example.com`, word(12)),
  within("command", (secret) => `curl -H "Authorization: Bearer ${secret}" https://example.com`, word(32)),
  within("command", (secret) => `PGPASSWORD=${secret} psql -h db`, word(12)),
  within("command", (secret) => `java -Djavax.net.ssl.keyStorePassword=${secret} -jar app.jar`, word(12)),
  within("command", (secret) => `docker login -u app -p ${secret} registry`, word(12)),
  within("command", (secret) => `ldapsearch -D cn=app -w ${secret} -b dc=x`, word(12)),
  within("command", (secret) => `openssl rsa -in k -passin pass:${secret}`, word(12)),
  within("args", (secret) => ["/opt/app/run", "--password", secret, "--port", "8080"], word(12)),
  within("args", (secret) => ["run", "--token", secret], `${word(5)} ${word(6)}`),
  within("args", (secret) => ["mysqld_safe", "-u", "root", `-p${secret}`], word(12)),
  within("args", (secret) => ["java", `-Dspring.datasource.password=${secret}`, "-jar", "a.jar"], word(12)),
  within("env", (secret) => [`DB_PASSWORD=${secret}`, "LOG_LEVEL=info"]),
  within("env", (secret) => [
    { name: "DB_PASSWORD", value: secret },
    { name: "LOG_LEVEL", value: "info" },
  ]),
  within("environment", (secret) => ({ name: "ApiKey", value: secret }), word(24)),
  within("task", (secret) => JSON.stringify({ environment: [{ name: "DB_PASSWORD", value: secret }] })),
  within("pod", (secret) => `env:\n  - name: DB_PASSWORD\n    value: ${secret}\n  - name: A\n    value: b\n`),
  within("web.config", (secret) => `<add key="DbPassword" value="${secret}"/>`),
  within("hadoop", (secret) => `<property name="db.password" value="${secret}"/>`),
  within("android", (secret) => `<string name="api_key">${secret}</string>`, word(24)),
  within("wp", (secret) => `define('DB_PASSWORD', '${secret}');`),
  within("ruby", (secret) => `:password => '${secret}',`),
  within("python", (secret) => `SECRET_KEY = '${secret}'`),
  within("redis", (secret) => `port 6379\nrequirepass ${secret}\n`),
  within("redis", (secret) => `masterauth ${secret}`),
  within("redis", (secret) => `user app on >${secret} ~* +@all`, word(12)),
  within("keepalived", (secret) => `authentication {\n  auth_type PASS\n  auth_pass ${secret}\n}`),
  within("haproxy", (secret) => `stats auth admin:${secret}`, word(12)),
  within("haproxy", (secret) => `user app insecure-password ${secret}`, word(12)),
  within("netrc", (secret) => `machine example.com login app password ${secret}`),
  within("netrc", (secret) => `machine example.com\n  login app\n  password ${secret}\n`),
  within("bind", (secret) => `key "rndc-key" { algorithm hmac-sha256; secret "${secret}"; };`, `${word(43)}=`),
  within("wpa", (secret) => `network={\n ssid="x"\n psk="${secret}"\n}`),
  within("snmp", (secret) => `rocommunity ${secret}`),
  within("npmrc", (secret) => `//registry.npmjs.org/:_authToken=${secret}`, word(36)),
  within("npmrc", (secret) => `_auth=${secret}`, `${word(30)}=`),
  within(
    "docker",
    (secret) => JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth: secret } } }),
    encode(`application:${password()}`),
  ),
  within("wireguard", (secret) => `[Interface]\nPrivateKey = ${secret}\n`, `${word(43)}=`),
  within("kubeconfig", (secret) => `users:\n- name: x\n  user:\n    client-key-data: ${secret}\n`, encode(pem("EC "))),
  within("yaml", (secret) => `db:\n  password: |\n    ${secret}\n  port: 5432`),
  within("sql", (secret) => `CREATE USER app IDENTIFIED BY '${secret}'`),
  within("ini", (secret) => `[client]\nuser = root\npassword = "${secret}"\n`),
  within("toml", (secret) => `[db]\npassword = '${secret}'`),
  within("text", (secret) => `The secret access key: ${secret}`, word(40)),
  within("credentials", (secret) => ({ user: "app", key: secret }), word(24)),
  within("dbPassword", (secret) => secret),
  within("token", (secret) => ({ value: secret }), word(24)),
  { field: "login", value: { password: 12_345_678 }, secrets: ["12345678"] },
  within("terraform", (secret) => `variable "x" {}\ndb_password = "${secret}"`),
  within("dockerfile", (secret) => `ENV DB_PASSWORD ${secret}`),
  within("tomcat", (secret) => `<user username="admin" password="${secret}" roles="manager-gui"/>`),
  within("properties", (secret) => `db.url=jdbc:x\ndb.password=${secret}`),
  within("spaces", (secret) => `password = ${secret}`, "correct horse battery"),
];
