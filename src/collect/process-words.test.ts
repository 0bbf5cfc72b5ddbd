// Tests of what is read out of command lines and titles, on their own and with every text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileWords, prepareWords, type Verdict } from "./process-match.ts";
import { hasCommonName, mentionsNoSuchFile } from "./process-mentions.ts";
import { isWrapper, readProgram, wraps } from "./process-program.ts";
import { listReferences, normalizePath, readWords } from "./process-words.ts";

const PATH = "/opt/conf/a.conf";

/** Whether words match, with files compared as they stand and relative ones in /opt. */
function matches(match: string, argv: readonly string[], isInner = false): boolean {
  const isFile = (reference: string, path: string): Verdict =>
    normalizePath(reference.startsWith("/") ? reference : `/opt/${reference}`) === path ? "yes" : "no";
  return compileWords(match, PATH).look(prepareWords(argv, isInner), isFile) === "yes";
}

describe("a match of words", () => {
  it.each<[string, readonly string[], boolean]>([
    ["{path}", ["app", "/opt/conf/a.conf"], true],
    ["{path}", ["app", "--config=/opt/conf/a.conf"], true],
    ["{path}", ["app", "/opt/conf/a.conf.bak"], false],
    ["{path}", ["app", "x/opt/conf/a.conf"], false],
    ["{path}", ["app", "-c/opt/conf/a.conf"], true],
    ["{path}", ["app", "-cconf/a.conf"], true],
    ["{path}", ["app", "conf/../conf/./a.conf"], true],
    ["{path}", ["app", "/opt//conf/a.conf"], true],
    ["{path}", ["app", "--config=file:/opt/conf/a.conf"], true],
    ["{path}", ["app", "--config=file:///opt/conf/a.conf"], true],
    ["{path}", ["app", "--spring.config.location=optional:file:/opt/conf/a.conf,classpath:/x"], true],
    ["{path}", ["java", "-Dconfig.file=/opt/conf/a.conf", "-jar", "a.jar"], true],
    ["{path}", ["app", "-f", "/etc/b.conf,/opt/conf/a.conf"], true],
    ["{path}", ["app", "-f", "x:/opt/conf/a.conf,y:/opt/conf/b.conf"], true],
    ["{path}", ["nginx: master process /usr/sbin/nginx -c /opt/conf/a.conf"], true],
    ["{path}", ["php-fpm: master process (/opt/conf/a.conf)"], true],
    ["{path}", ["nginx: master process /usr/sbin/nginx -c /opt/conf/a.conf.bak"], false],
    ["--config {path}", ["app", "--config", "/opt/conf/a.conf"], true],
    ["--config {path}", ["app", "--config=/opt/conf/a.conf"], true],
    ["--config {path}", ["app", "--config=file:/opt/conf/a.conf"], true],
    ["--config={path}", ["app", "--config", "/opt/conf/a.conf"], true],
    ["--config={path}", ["app", "--config=conf/a.conf"], true],
    ["--config {path}", ["app", "--log", "/opt/conf/a.conf"], false],
    ["-c {path}", ["app", "-c/opt/conf/a.conf"], true],
    ["-c{path}", ["app", "-c/opt/conf/a.conf"], true],
    ["-c {path}", ["sshd: /usr/sbin/sshd -D -c /opt/conf/a.conf [listener] 0 of 10-100 startups"], true],
    ["--name {stem}", ["app", "--name", "a"], true],
    ["--name {stem}", ["app", "--name", "b", "a"], false],
    ["--name {stem}", ["app", "--name=a"], true],
    ["{name}", ["app", "a.conf"], true],
    ["{name}", ["app", "--x=a.conf"], true],
    ["-Dbase=/srv/{stem}", ["java", "-Dbase=/srv/a/"], true],
    ["-Dbase=/srv/{stem}", ["java", "-Dbase=/srv/ab"], false],
    ["/usr/sbin/mariadbd", ["/usr/sbin/mariadbd"], true],
  ])("%s of %j is %s", (match, argv, expected) => {
    expect(matches(match, argv)).toBe(expected);
  });

  it("looks into the one argument of a wrapper, and into no other program's", () => {
    const argv = ["su", "app", "-c", "/opt/app --config /opt/conf/a.conf"];
    expect(matches("--config {path}", argv, true)).toBe(true);
    expect(matches("--config {path}", argv)).toBe(false);
  });

  it("finds the path wherever it stands as an argument, and never takes longer than it may", () => {
    const words = fc.array(fc.string({ maxLength: 20 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        words,
        words,
        fc.constantFrom("", "--c=", "-c", "file:", "--c=file:"),
        (before, after, how) => {
          const argv = ["app", ...before, `${how}${PATH}`, ...after];
          expect(matches("{path}", argv)).toBe(true);
        },
      ),
    );
    const long = `${"a,b=c:/d;".repeat(100_000)}${PATH}`;
    // Of this process, which others on the machine do not lengthen.
    const before = process.cpuUsage();
    matches("{path}", ["app", long]);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
  });
});

describe("references", () => {
  it("are the word itself and never anything that is not in it", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (word) => {
        const found = listReferences(word);
        expect(found).toContain(word);
        const decoded = word.includes("%") ? undefined : word;
        for (const one of found) if (decoded !== undefined) expect(decoded).toContain(one);
      }),
    );
  });

  it("of a title are its words", () => {
    expect(readWords(["postgres: 15/main: checkpointer "]).at(-1)).toEqual([
      "postgres:",
      "15/main:",
      "checkpointer",
    ]);
    expect(readWords(["app", "a b"])).toEqual([["app", "a b"]]);
  });
});

describe("the program of a command line", () => {
  it.each<[string, string | undefined]>([
    ["/usr/bin/python3 /opt/app.py --config x", "/opt/app.py"],
    ["/usr/bin/python3 -u /opt/app.py", "/opt/app.py"],
    ["python3 -W ignore -X dev -u app.py", "app.py"],
    ["python3.11 -Im app /opt/x", undefined],
    ["python3 -c code /opt/app.py", undefined],
    ["/usr/bin/perl -w -T /opt/a.pl", "/opt/a.pl"],
    ["perl -I lib -e 1 /opt/a.pl", undefined],
    ["ruby -I lib -r json a.rb", "a.rb"],
    ["node --max-old-space-size=100 -r ./x.js /opt/app.js", "/opt/app.js"],
    ["node -e 1 /opt/app.js", undefined],
    ["deno run --allow-net a.ts", "a.ts"],
    ["java -Xmx1g -cp /a:/b -jar /opt/app.jar x", "/opt/app.jar"],
    ["java -cp /a:/b org.example.Main /opt/x.jar", undefined],
    ["php -d a=b -c /etc/php.ini /opt/a.php", "/opt/a.php"],
    ["sh -e /opt/run.sh", "/opt/run.sh"],
    ["bash -o errexit -- run.sh", "run.sh"],
    ["sh -ec exit /opt/run.sh", undefined],
    ["/lib64/ld-linux-x86-64.so.2 --library-path /opt/lib /opt/app x", "/opt/app"],
    ["/opt/app /opt/x.py", undefined],
    ["/lib64/ld-linux-x86-64.so.2 --library-path /l /usr/bin/perl -w /opt/app.pl a.conf", "/opt/app.pl"],
    ["qemu-aarch64 -L /l /opt/app a.conf", "/opt/app"],
  ])("%s runs %s", (line, script) => {
    expect(readProgram(line.split(" "), undefined).script).toBe(script);
  });

  it("is one word of the line, or none", () => {
    const names = fc.constantFrom(
      "python3",
      "perl",
      "ruby",
      "node",
      "java",
      "php",
      "sh",
      "lua",
      "tclsh",
      "dotnet",
      "Rscript",
      "app",
    );
    fc.assert(
      fc.property(names, fc.array(fc.string({ maxLength: 8 }), { maxLength: 10 }), (name, words) => {
        const { script } = readProgram([name, ...words], undefined);
        if (script !== undefined) expect(words).toContain(script);
      }),
    );
  });

  it("is what a wrapper starts", () => {
    expect(["runuser", "/usr/bin/sudo", "tini", "s6-supervise"].map(isWrapper)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(isWrapper("nginx")).toBe(false);
    const inner = ["/opt/app", "-c", "x"];
    expect(wraps(["runuser", "-u", "app", "--", ...inner], inner)).toBe(true);
    expect(wraps(["su", "-c", "/opt/app -c x", "app"], inner)).toBe(true);
    expect(wraps(inner, inner)).toBe(false);
    expect(wraps(["/opt/app", "-c", "y"], inner)).toBe(false);
  });
});

describe("a command line that names no file", () => {
  const listed = (name: string, ...argv: string[]) => ({
    pid: "1",
    name,
    parent: "0",
    startTicks: 0,
    bootId: "",
    startedAt: 0,
    argv,
    gap: undefined,
    hasTitle: false,
    folder: "",
  });
  it.each<[string, string, string, boolean]>([
    ["redis-server", "redis-server *:6379", "/etc/redis/redis.conf", true],
    ["memcached", "/usr/bin/memcached|-P|/run/memcached.pid", "/etc/memcached.conf", true],
    ["app", "/opt/bin/app|--config|/elsewhere/x.conf", "/opt/conf/a.conf", false],
    ["sshd", "/usr/sbin/sshd|-f|/etc/ssh/other", "/etc/ssh/sshd_config", false],
  ])("is that of %s: %s for %s: %s", (name, line, path, expected) => {
    const argv = line.split("|");
    expect(mentionsNoSuchFile(listed(name, ...argv), prepareWords(argv), path)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ["redis-server", "/etc/redis/redis.conf", true],
    ["postgres", "/etc/postgresql/15/main/postgresql.conf", true],
    ["app", "/opt/app/conf/a.conf", true],
    ["apparmor", "/opt/app/conf/a.conf", false],
    ["systemd", "/etc/systemd/system/a.service", false],
    ["cron", "/etc/redis/redis.conf", false],
  ])("may be of a program with the file's name: %s, %s", (name, path, expected) => {
    expect(hasCommonName(listed(name, name), path)).toBe(expected);
  });
});
