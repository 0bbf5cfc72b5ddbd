// Which settings say who may sign in; apart, so that help needs nothing that checks signatures.

/** The settings that say who may sign in. */
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
] as const;
export type SignInSetting = (typeof SIGN_IN_SETTINGS)[number];
