// How long a token of an identity provider may be; apart, as the command line reads it too.

/** The longest token; characters. Node takes 16 KiB of headers together. */
export const MAX_TOKEN_LENGTH = 16_000;
