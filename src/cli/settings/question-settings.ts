// The settings that every command that asks a question has a flag for.
import type { Flags, SettingName } from "./setting-list.ts";

/** In the order of the help. */
export const QUESTION_SETTINGS = [
  "store",
  "alsoRead",
  "server",
  "keyFile",
  "tokenFile",
  "sigv4",
  "within",
  "maxAge",
  "config",
] as const satisfies readonly SettingName[];

/** The flags that are settings: `state` is a parameter of questions, and no folder. */
export function pickSettings(flags: Flags): Flags {
  const names: readonly SettingName[] = [...QUESTION_SETTINGS, "expect"];
  return Object.fromEntries(names.map((name) => [name, flags[name]]));
}
