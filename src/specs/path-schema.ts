// The schemas of paths and globs, for every collector that takes one.
import * as z from "zod";
import { findGlobMistake } from "./glob-syntax.ts";

export const MAX_PATH_LENGTH = 4096;
/** Most globs in one list. */
const MAX_GLOBS = 20;

export const AbsolutePath = z
  .string()
  .max(MAX_PATH_LENGTH, `a path has at most ${MAX_PATH_LENGTH} characters`)
  .regex(/^\/[^\0]*$/, 'write an absolute path, one that starts with "/"');

const Glob = AbsolutePath.superRefine((glob, context) => {
  const message = findGlobMistake(glob);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** One glob or several, as a list. */
export const Globs = z
  .union(
    [Glob, z.array(Glob).min(1, "give at least one glob").max(MAX_GLOBS, `at most ${MAX_GLOBS} globs`)],
    {
      error: "write a glob, or a list of globs: /opt/app/conf/*.conf",
    },
  )
  .transform((globs) => (typeof globs === "string" ? [globs] : globs));
