// Pieces of the API's description that several routes share.
import { FACT_HEADERS } from "../questions/facts.ts";
import type { Schema } from "../questions/question.ts";
import type { Answer } from "./route.ts";

export const REPORT_SCHEMA_REF: Schema = { $ref: "#/components/schemas/Report" };

/** What each response header of ours says. */
export const RESPONSE_HEADERS: Readonly<Record<string, { description: string; schema: Schema }>> = {
  ...FACT_HEADERS,
  ETag: {
    description: "Send it as If-None-Match to get 304 while nothing has changed.",
    schema: { type: "string" },
  },
};

/** 304, for routes with an ETag. */
export const NOT_MODIFIED: Answer = {
  description: "Nothing has changed since the answer with the ETag in If-None-Match.",
};
