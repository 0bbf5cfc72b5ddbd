// What the commands' descriptions share: flags that are settings, and examples below the help.
import type { Command } from "commander";
import { SETTINGS, type SettingName } from "./setting-list.ts";

const PLACEHOLDERS: Readonly<Partial<Record<SettingName, string>>> = {
  keyFile: "FILE",
  tokenFile: "FILE",
  sigv4: "REGION",
  enrolKeyFile: "FILE",
  spec: "FILE",
  config: "FILE",
  listen: "HOST:PORT",
  keepAlive: "SPAN",
  jwtIssuer: "URL",
  jwtAudience: "AUDIENCES",
  jwtHeader: "NAME",
  jwtAlgorithms: "NAMES",
  albSigner: "ARNS",
  albClient: "IDS",
  signInScopes: "GRANTS",
  maxKeyHosts: "N",
  maxKeyBytes: "BYTES",
  maxKeyWrites: "N",
  corsOrigins: "ORIGINS",
  within: "SPAN",
  maxAge: "SPAN",
  state: "FOLDER",
  roleIds: "IDS",
  specKeys: "KEYS",
  allowCommands: "PATHS",
  allowFiles: "GLOBS",
  allowEnvironment: "NAMES",
  allowCredentials: "FIELDS",
  expect: "FILE",
  historyEvery: "SPAN",
  historyIgnore: "FIELDS",
};

/** Adds flags that are settings, with the variable that stands in for each. */
export function addSettings(command: Command, ...names: readonly SettingName[]): void {
  for (const name of names) {
    const { description, ...setting } = SETTINGS[name];
    if (!("flag" in setting)) throw new TypeError(`${name} has no flag`);
    const variable = "variable" in setting ? ` (or ${setting.variable})` : "";
    const flag = `${setting.flag} <${PLACEHOLDERS[name] ?? "URL"}>`;
    if ("repeats" in setting) command.option(flag, `${description}${variable}`, join);
    else command.option(flag, `${description}${variable}`);
  }
}

/** What a flag that stands several times says: as where it stands once, split by commas. */
function join(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}

/** Adds text below a command's help. */
export function explain(command: Command, text: string): void {
  command.addHelpText("after", text);
}
