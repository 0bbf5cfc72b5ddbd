// Which settings say who may sign in to a server.
import type { SettingName } from "./settings.ts";

/** All settings that say something of it. */
export const SIGN_IN_SETTINGS = [
  "jwtIssuer",
  "jwtAudience",
  "jwtHeader",
  "jwtKeys",
  "jwtAlgorithms",
  "albSigner",
  "albClient",
  "albKeys",
  "signInScopes",
] as const satisfies readonly SettingName[];
