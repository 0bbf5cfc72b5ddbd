// How long tokens of an identity provider may be, and how far its clock may be off; apart, as the
// command line and the reader behind API Gateway check no signatures.

/** The longest token; characters. Node takes 16 KiB of headers together. */
export const MAX_TOKEN_LENGTH = 16_000;

/** By how much the clocks of an issuer and of this server may differ; s. */
export const TOKEN_CLOCK_TOLERANCE_S = 60;
