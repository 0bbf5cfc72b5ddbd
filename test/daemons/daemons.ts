// Daemons as Debian's packages start them, with the files of their own packages: how each is
// started, told to reload, and ended.
import type { Cell } from "./cell.ts";

export interface Daemon {
  /** The heading of its spec in docs/collectors/processes.md. */
  readonly name: string;
  /** The Debian package, and the program by which it is known to be installed. */
  readonly debian: string;
  readonly program: string;
  /** The files that are changed: the configuration file itself, and one that it includes. */
  readonly file: string;
  readonly included?: string;
  /** Its own files, where the package brings none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Run before it is started. */
  readonly prepare?: readonly string[];
  readonly user?: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell that makes it read its configuration again, as its unit's ExecReload does. */
  readonly reload?: string;
  /** The signal that ends it, if it is not TERM. */
  readonly endSignal?: string;
  /** What is said of it after a change, and after the reload. */
  readonly states?: { readonly changed: string; readonly reloaded: string };
  /** What pgrep -f knows its first process by. */
  readonly pattern: string;
}

const PYTHON_LOOP = "import time\nwhile True: time.sleep(1)\n";
const WORKERS = { changed: "restart_pending", reloaded: "running" };
const SELF = { changed: "unknown", reloaded: "unknown" };

export const DAEMONS: readonly Daemon[] = [
  {
    name: "nginx",
    debian: "nginx-light",
    program: "/usr/sbin/nginx",
    file: "/etc/nginx/nginx.conf",
    included: "/etc/nginx/sites-enabled/default",
    argv: ["/usr/sbin/nginx", "-g", "daemon off; master_process on;"],
    reload: "/usr/sbin/nginx -s reload",
    states: WORKERS,
    pattern: "^nginx: master",
  },
  {
    name: "Redis",
    debian: "redis-server",
    program: "/usr/bin/redis-server",
    file: "/etc/redis/redis.conf",
    prepare: ["install", "-d", "-o", "redis", "/run/redis"],
    user: "redis",
    argv: ["/usr/bin/redis-server", "/etc/redis/redis.conf", "--daemonize", "no"],
    pattern: "^/usr/bin/redis-server",
  },
  {
    name: "PHP-FPM",
    debian: "php-fpm",
    program: "/usr/sbin/php-fpm8.2",
    file: "/etc/php/8.2/fpm/php-fpm.conf",
    included: "/etc/php/8.2/fpm/pool.d/www.conf",
    prepare: ["install", "-d", "/run/php"],
    argv: ["/usr/sbin/php-fpm8.2", "--nodaemonize", "--fpm-config", "/etc/php/8.2/fpm/php-fpm.conf"],
    reload: "kill -USR2 $PID",
    states: WORKERS,
    pattern: "^php-fpm: master",
  },
  {
    name: "sshd",
    debian: "openssh-server",
    program: "/usr/sbin/sshd",
    file: "/etc/ssh/sshd_config",
    files: { "/etc/ssh/sshd_config.d/own.conf": "MaxSessions 7\n" },
    included: "/etc/ssh/sshd_config.d/own.conf",
    prepare: ["install", "-d", "/run/sshd"],
    argv: ["/usr/sbin/sshd", "-D"],
    reload: "kill -HUP $PID",
    states: SELF,
    pattern: "^sshd: /usr/sbin/sshd",
  },
  {
    name: "PostgreSQL",
    debian: "postgresql",
    program: "/usr/lib/postgresql/15/bin/postgres",
    file: "/etc/postgresql/15/main/postgresql.conf",
    included: "/etc/postgresql/15/main/pg_hba.conf",
    prepare: ["install", "-d", "-o", "postgres", "/run/postgresql"],
    user: "postgres",
    argv: [
      "/usr/lib/postgresql/15/bin/postgres",
      "-D",
      "/var/lib/postgresql/15/main",
      "-c",
      "config_file=/etc/postgresql/15/main/postgresql.conf",
    ],
    reload: "kill -HUP $PID",
    states: SELF,
    pattern: "^/usr/lib/postgresql",
  },
  {
    name: "HAProxy",
    debian: "haproxy",
    program: "/usr/sbin/haproxy",
    file: "/etc/haproxy/haproxy.cfg",
    prepare: ["install", "-d", "/run/haproxy"],
    argv: ["/usr/sbin/haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-p", "/run/haproxy.pid"],
    reload: "kill -USR2 $PID",
    states: WORKERS,
    pattern: "^/usr/sbin/haproxy",
  },
  {
    name: "MariaDB",
    debian: "mariadb-server",
    program: "/usr/sbin/mariadbd",
    file: "/etc/mysql/mariadb.conf.d/50-server.cnf",
    files: { "/etc/mysql/conf.d/own.cnf": "[mysqld]\nmax_connections = 37\n" },
    included: "/etc/mysql/conf.d/own.cnf",
    prepare: ["install", "-d", "-o", "mysql", "/run/mysqld"],
    user: "mysql",
    argv: ["/usr/sbin/mariadbd"],
    pattern: "^/usr/sbin/mariadbd",
  },
  {
    name: "Tomcat",
    debian: "tomcat10",
    program: "/usr/libexec/tomcat10/tomcat-start.sh",
    file: "/var/lib/tomcat10/conf/server.xml",
    included: "/etc/tomcat10/context.xml",
    user: "tomcat",
    argv: ["/bin/sh", "/usr/libexec/tomcat10/tomcat-start.sh"],
    env: {
      CATALINA_HOME: "/usr/share/tomcat10",
      CATALINA_BASE: "/var/lib/tomcat10",
      CATALINA_TMPDIR: "/tmp",
      JAVA_OPTS: "-Djava.awt.headless=true",
    },
    pattern: "catalina.base=/var/lib/tomcat10",
  },
  {
    name: "memcached",
    debian: "memcached",
    program: "/usr/bin/memcached",
    file: "/etc/memcached.conf",
    prepare: ["install", "-d", "-o", "memcache", "/run/memcached"],
    argv: ["/usr/share/memcached/scripts/systemd-memcached-wrapper", "/etc/memcached.conf"],
    pattern: "^/usr/bin/memcached",
  },
  {
    name: "uWSGI",
    debian: "uwsgi",
    program: "/usr/bin/uwsgi",
    file: "/etc/uwsgi/apps-enabled/shop.ini",
    files: {
      "/etc/uwsgi/apps-enabled/shop.ini":
        "[uwsgi]\nplugin = python3\nwsgi-file = /opt/shop/app.py\nauto-procname = " +
        "true\nprocname-prefix = shop-\n",
      "/opt/shop/app.py": "def application(env, start):\n    start('200 OK', [])\n    return [b'']\n",
    },
    prepare: ["install", "-d", "-o", "www-data", "/run/uwsgi/app/shop"],
    argv: [
      "/usr/bin/uwsgi",
      "--ini",
      "/usr/share/uwsgi/conf/default.ini",
      "--ini",
      "/etc/uwsgi/apps-enabled/shop.ini",
    ],
    env: { UWSGI_DEB_CONFNAMESPACE: "app", UWSGI_DEB_CONFNAME: "shop" },
    endSignal: "INT",
    pattern: "^shop-uWSGI master",
  },
  {
    name: "Children of Supervisor",
    debian: "supervisor",
    program: "/usr/bin/supervisord",
    file: "/etc/supervisor/conf.d/worker.conf",
    files: {
      "/etc/supervisor/conf.d/worker.conf":
        "[program:worker]\ncommand=/usr/bin/python3 -u /opt/worker/worker.py\ndirectory=/opt/worker\n",
      "/opt/worker/worker.py": PYTHON_LOOP,
    },
    argv: ["/usr/bin/supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"],
    pattern: "^/usr/bin/python3 /usr/bin/supervisord",
  },
  {
    name: "gunicorn",
    debian: "gunicorn",
    program: "/usr/bin/gunicorn",
    file: "/opt/web/conf/gunicorn.conf.py",
    files: {
      "/opt/web/conf/gunicorn.conf.py": 'bind = "127.0.0.1:8123"\nworkers = 2\n',
      "/opt/web/site.py": "def app(env, start):\n    start('200 OK', [])\n    return [b'']\n",
      "/opt/web/shop.py": "def app(env, start):\n    start('200 OK', [])\n    return [b'']\n",
    },
    argv: ["/usr/bin/python3", "/usr/bin/gunicorn", "-c", "conf/gunicorn.conf.py", "shop:app"],
    cwd: "/opt/web",
    reload: "kill -HUP $PID",
    states: WORKERS,
    pattern: "gunicorn -c conf",
  },
  {
    name: "A Python service",
    debian: "python3",
    program: "/usr/bin/python3",
    file: "/opt/score/conf/score.ini",
    files: {
      "/opt/score/conf/score.ini": "[model]\nname = A_red_1.10\n",
      "/opt/score/score.py": PYTHON_LOOP,
    },
    argv: ["/usr/bin/python3", "-u", "score.py", "--config", "conf/score.ini"],
    cwd: "/opt/score",
    pattern: "score.py --config",
  },
  {
    name: "A Java service",
    debian: "tomcat10",
    program: "/usr/share/tomcat10/bin/bootstrap.jar",
    file: "/opt/orders/conf/orders.properties",
    files: {
      "/opt/orders/conf/orders.properties": "orders.version=B_blue_1.8.5\n",
      "/opt/orders/conf/server.xml": '<Server port="-1"/>\n',
    },
    prepare: [
      "sh",
      "-c",
      "install -d /opt/orders/lib /opt/orders/logs && cp " +
        "/usr/share/tomcat10/bin/bootstrap.jar /opt/orders/lib/orders.jar && cp " +
        "/usr/share/tomcat10/bin/tomcat-juli.jar /opt/orders/lib/",
    ],
    argv: [
      "java",
      "-Xmx64m",
      "-Xbootclasspath/a:/opt/orders/lib/tomcat-juli.jar",
      "-Dcatalina.home=/usr/share/tomcat10",
      "-Dcatalina.base=/opt/orders",
      "-Dspring.config.location=file:/opt/orders/conf/orders.properties",
      "-jar",
      "/opt/orders/lib/orders.jar",
      "-config",
      "conf/server.xml",
      "start",
    ],
    cwd: "/opt/orders",
    pattern: "orders.jar",
  },
  {
    name: "A Node service",
    debian: "coreutils",
    program: "/usr/bin/env",
    file: "/opt/api/conf/api.json",
    files: {
      "/opt/api/conf/api.json": '{ "version": "1.10" }\n',
      "/opt/api/server.js": "setInterval(() => {}, 1000);\n",
    },
    argv: [process.execPath, "--max-old-space-size=64", "/opt/api/server.js", "--config=conf/api.json"],
    cwd: "/opt/api",
    pattern: "api/server.js",
  },
];

/** Writes its own files. */
export async function writeFiles({ files = {} }: Daemon, cell: Cell): Promise<void> {
  for (const [path, text] of Object.entries(files)) await cell.write(path, text);
}

/** Starts it; its files are there. */
export async function startDaemon(daemon: Daemon, cell: Cell): Promise<void> {
  if (daemon.prepare) {
    const { code, stderr } = await cell.run(daemon.prepare);
    if (code !== 0) throw new Error(`${daemon.name} cannot be prepared: ${stderr}`);
  }
  const as = daemon.user ? ["setpriv", "--reuid", daemon.user, "--regid", daemon.user, "--init-groups"] : [];
  cell.start([...as, ...daemon.argv], { env: daemon.env ?? {}, ...(daemon.cwd && { cwd: daemon.cwd }) });
}
