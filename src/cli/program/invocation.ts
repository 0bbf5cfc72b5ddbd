// How this program was started, for messages that say what to type instead.

/**
 * What stands on the command line before a command's flags: `rollcall start`; `npm start --` in a
 * checkout, whose npm passes on only what stands behind `--`
 * (https://docs.npmjs.com/cli/commands/npm-start); `npx rollcall start`. npm says which in the
 * variables of https://docs.npmjs.com/cli/using-npm/scripts#environment.
 */
export function describeInvocation(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  // Another package's script may start this program too, and adds what it likes.
  const isOwnScript = env.npm_package_name === "rollcall" && env.npm_lifecycle_event === command;
  if (isOwnScript) return command === "start" ? "npm start --" : `npm run ${command} --`;
  return env.npm_command === "exec" ? `npx rollcall ${command}` : `rollcall ${command}`;
}
