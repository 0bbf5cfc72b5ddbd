// Credentials among the words of a command: options with a credential's name, and the short ones of
// well-known programs. Pure.
import { isCredential, judgeName } from "./credential-names.ts";

interface Found {
  readonly start: number;
  readonly end: number;
}

/** `--password x`, `-storepass x`, `--token "x y"`; what has an `=` in it is found as such. */
const OPTION =
  /(?<![\w-])--?([A-Za-z][\w.-]{0,127})[ \t]{1,8}("[^"\n]{1,4096}"|'[^'\n]{1,4096}'|[^\s"'-]\S{0,4095})/dg;

/**
 * Programs whose options for a credential do not say so, and what is one after the program's name.
 */
const PROGRAMS: ReadonlyArray<readonly [program: string, credential: RegExp]> = [
  ["mysql\\w{0,10}|mariadb[\\w-]{0,10}", /[ \t]-p([^\s-]\S{0,511})/dg],
  ["sshpass", /[ \t]-p[ \t]?(\S{1,512})/dg],
  ["redis-cli|valkey-cli", /[ \t](?:-a|--pass)[ \t]+(\S{1,512})/dg],
  ["curl", /[ \t](?:-u|-U|--user|--proxy-user)[ \t=]?["']?[^\s:"']{1,256}:([^\s"']{1,512})/dg],
  ["http|https|xh", /[ \t](?:-a|--auth)[ \t=]+["']?[^\s:"']{1,256}:([^\s"']{1,512})/dg],
  ["ldap\\w{3,10}|kadmin", /[ \t]-w[ \t]?(\S{1,512})/dg],
  ["sqlcmd|bcp|ipmitool|mosquitto_pub|mosquitto_sub", /[ \t]-P[ \t]?(\S{1,512})/dg],
  ["mongo\\w{0,10}|cqlsh|influx", /[ \t]-p[ \t]+(\S{1,512})/dg],
  [
    "(?:docker|podman|helm|buildah|skopeo|nerdctl)[ \\t](?:\\S{1,32}[ \\t]){0,3}login|az[ \\t]login",
    /[ \t]-p[ \t]?([^\s-]\S{0,511})/dg,
  ],
  ["smbclient|rpcclient|net", /[ \t]-U[ \t]?[^\s%]{1,256}%(\S{1,512})/dg],
  ["snmp\\w{2,10}", /[ \t]-(?:c|A|X)[ \t]?(\S{1,512})/dg],
  ["openssl", /\bpass:(\S{1,512})/dg],
  ["xfreerdp\\d?", /[ \t]\/p:(\S{1,512})/dg],
  ["aws[ \\t]configure[ \\t]set", /[ \t]\S{0,128}(?:secret_access_key|session_token)[ \t]+(\S{1,4096})/dg],
  ["mount(?:\\.\\w{1,8})?", /\bpassword=([^\s,]{1,512})/dg],
  ["rabbitmqctl", /[ \t](?:add_user|change_password|authenticate_user)[ \t]+\S{1,128}[ \t]+(\S{1,512})/dg],
  ["htpasswd", /[ \t]-\w{0,8}b\w{0,8}[ \t]+(?:-\S{1,16}[ \t]+)?\S{1,256}[ \t]+\S{1,128}[ \t]+(\S{1,512})/dg],
  ["useradd|usermod", /[ \t](?:-p|--password)[ \t]+(\S{1,512})/dg],
  ["sqlplus|expdp|impdp|rman", /[ \t]["']?[^\s/"'-][^\s/"']{0,128}\/([^\s@"']{1,512})/dg],
  ["wpa_passphrase", /^[ \t]+\S{1,128}[ \t]+(\S{1,512})/dg],
];

const COMMANDS = PROGRAMS.map(([program, credential]) => ({
  command: new RegExp(`(?<![\\w.-])(?:${program})(?=[ \\t])([^\\n|;]{0,2048})`, "dg"),
  credential,
}));

/** Finds credentials in command lines. */
export function findInCommands(text: string): Found[] {
  const found: Found[] = [];
  for (const { 1: name = "", 2: value = "", indices } of text.matchAll(OPTION)) {
    const judgement = judgeName(name);
    const [start, end] = indices?.[2] ?? [0, 0];
    if (judgement && isCredential(value.replace(/^["']|["']$/g, ""), judgement, name))
      found.push({ start, end });
  }
  for (const { command, credential } of COMMANDS) {
    for (const { 1: words = "", indices } of text.matchAll(command)) {
      const [at] = indices?.[1] ?? [0];
      for (const match of words.matchAll(credential)) {
        const [start, end] = match.indices?.[1] ?? [0, 0];
        if (isCredential(words.slice(start, end), "all")) found.push({ start: at + start, end: at + end });
      }
    }
  }
  return found;
}
