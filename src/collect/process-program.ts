// Which program a command line starts: interpreters run a script, and wrappers run another program.
// Pure.
import { posix } from "node:path";
import { isTitle, splitTitle } from "./process-words.ts";

/** How an interpreter's command line is read. */
interface Interpreter {
  readonly name: RegExp;
  /** Options whose value is the next word. */
  readonly takesValue?: RegExp;
  /** Options after which no script comes: code, a module or a class is run instead. */
  readonly endsOptions?: RegExp;
  /** Options whose value is the script. */
  readonly namesScript?: RegExp;
  /** Words before the script that are no options. */
  readonly subcommand?: RegExp;
  /** What is run is no file unless an option names it: of java, a class. */
  readonly scriptByOptionOnly?: boolean;
  /**
   * It runs any program, which may be an interpreter in its turn: the words from there on are that
   * one's.
   */
  readonly isLoader?: boolean;
}

const SHELL = /^(?:(?:ba|da|a|z|k|mk|pdk|ya)?sh|busybox)[\d.]*$/;

/** From each one's own manual page. */
const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^(?:python|pypy)[\d.]*$/,
    takesValue: /^(?:-[A-Za-z]*[WX]|--check-hash-based-pycs)$/,
    endsOptions: /^-(?!-)[A-Za-z]*[cm]/,
  },
  { name: /^perl[\d.]*$/, takesValue: /^-I$/, endsOptions: /^-(?!-)[a-zA-Z]*[eE]/ },
  { name: /^j?ruby[\d.]*$/, takesValue: /^-[IrCE]$/, endsOptions: /^-(?!-)[a-z]*e/ },
  {
    name: /^(?:node|nodejs|bun|deno|tsx|ts-node)$/,
    takesValue:
      /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--title|--env-file|--preload)$/,
    endsOptions: /^(?:-[ep]|-pe|--eval|--print)$/,
    subcommand: /^run$/,
  },
  {
    name: /^java$/,
    takesValue:
      /^(?:-cp|-classpath|--class-path|-p|--module-path|--add-(?:modules|opens|exports|reads)|--upgrade-module-path|--source)$/,
    endsOptions: /^(?:-m|--module)$/,
    namesScript: /^-jar$/,
    scriptByOptionOnly: true,
  },
  {
    name: /^php[\d.]*(?:-cgi[\d.]*)?$/,
    takesValue: /^-[cdz]$/,
    endsOptions: /^-[rSBRFE]$/,
    namesScript: /^-f$/,
  },
  {
    name: SHELL,
    takesValue: /^(?:[-+][oO]|--rcfile|--init-file)$/,
    endsOptions: /^-(?!-)[A-Za-z]*[cs]/,
    subcommand: /^(?:sh|ash)$/,
  },
  { name: /^lua(?:jit)?[\d.]*$/, takesValue: /^-l$/, endsOptions: /^-e/ },
  { name: /^(?:tclsh|wish|expect)[\d.]*$/, endsOptions: /^-c$/ },
  {
    name: /^dotnet$/,
    takesValue: /^--(?:runtimeconfig|depsfile|additionalprobingpath|fx-version)$/,
    subcommand: /^exec$/,
  },
  { name: /^Rscript$/, endsOptions: /^-e$/ },
  {
    name: /^ld(?:-linux|-musl|64)?[\w.-]*\.so[.\d]*$/,
    takesValue: /^--(?:library-path|preload|argv0|audit|inhibit-rpath)$/,
    isLoader: true,
  },
  { name: /^qemu-[\w]+(?:-static)?$/, takesValue: /^-[LEUBRDgs]$/, isLoader: true },
];

/** Programs that start another with the words behind their own. */
const WRAPPERS =
  /^(?:runuser|su|sudo|doas|setpriv|timeout|nice|ionice|chrt|taskset|numactl|prlimit|tini(?:-static)?|dumb-init|catatonit|docker-init|env|nohup|setsid|stdbuf|xargs|strace|ltrace|flock|unshare|nsenter|chroot|gosu|su-exec|chpst|softlimit|setuidgid|s6-[\w-]+|runsv|start-stop-daemon|daemon(?:ize)?|systemd-(?:run|inhibit|nspawn)|dbus-run-session|xvfb-run|proot|bwrap|firejail|conmon|authbind)$/;

/** What a command line starts. */
export interface StartedProgram {
  /** The first word: a path, or a name that was looked for in $PATH. */
  readonly command: string;
  /** The script that an interpreter runs, as it stands there. */
  readonly script?: string;
  /**
   * Whether the program that is loaded is an interpreter, so that it is the script that is judged.
   */
  readonly isInterpreted: boolean;
}

/** @param loaded the program that is loaded, where that is known: a first word may be anything */
export function readProgram(argv: readonly string[], loaded: string | undefined): StartedProgram {
  const words = isTitle(argv) ? splitTitle(argv) : argv;
  const [command = ""] = words;
  const interpreter =
    findInterpreter(command) ?? (loaded === undefined ? undefined : findInterpreter(loaded));
  if (!interpreter || isTitle(argv)) return { command, isInterpreted: interpreter !== undefined };
  const script = findScript(words.slice(1), interpreter);
  if (script !== undefined && interpreter.isLoader) {
    const inner = readProgram(words.slice(words.indexOf(script, 1)), undefined);
    if (inner.script !== undefined) return { command, script: inner.script, isInterpreted: true };
  }
  return script === undefined ? { command, isInterpreted: true } : { command, script, isInterpreted: true };
}

function findInterpreter(program: string): Interpreter | undefined {
  const name = posix.basename(program).replace(/^-/, "");
  return INTERPRETERS.find((interpreter) => interpreter.name.test(name));
}

function findScript(words: readonly string[], interpreter: Interpreter): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (interpreter.namesScript?.test(word)) return words[at + 1];
    if (interpreter.endsOptions?.test(word)) return undefined;
    if (interpreter.takesValue?.test(word)) at++;
    else if (word === "--") return interpreter.scriptByOptionOnly ? undefined : words[at + 1];
    // A line `#!/usr/bin/perl -w -T` hands its options over as one word (execve(2)).
    else if (/^[-+]./.test(word)) continue;
    else if (interpreter.scriptByOptionOnly) return undefined;
    else if (!interpreter.subcommand?.test(word)) return word;
  }
  return undefined;
}

/** Whether it is a shell, by the first word of a command line. */
export function isShell(command: string): boolean {
  return SHELL.test(posix.basename(command).replace(/^-/, ""));
}

/**
 * Whether a program starts another with the same words, and so is not the one that is looked for.
 */
export function isWrapper(name: string): boolean {
  return WRAPPERS.test(posix.basename(name));
}

/**
 * Whether one command line ends in another: then it started it. `sudo -u app app -c x`,
 * `su -c "app -c x"`, `sh -c "app -c x"`.
 */
export function wraps(outer: readonly string[], inner: readonly string[]): boolean {
  if (inner.length === 0) return false;
  const from = outer.length - inner.length;
  if (from > 0 && inner.every((word, at) => outer[from + at] === word)) return true;
  const line = inner.join(" ");
  return (
    outer.some((word) => word.length >= line.length && /\s/.test(word) && word.includes(line)) &&
    outer.length > 1
  );
}
