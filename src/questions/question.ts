// The Question contract: something that can be asked of the roll, as a value. The API, the command
// line, publishers and the docs are loops over registry.ts.
import type { Clock } from "../report/clock.ts";
import type { Problem } from "../report/problem.ts";
import type { RollView } from "../roll/view.ts";
import type { Yielder } from "../roll/yielder.ts";
import type { FactName, Facts } from "./facts.ts";
import type { Sources } from "./groups.ts";
import type { Past } from "./past.ts";

/** A JSON Schema (2020-12), as OpenAPI 3.1 embeds it. */
export type Schema = Readonly<Record<string, unknown>>;

/** Names and values as a URL gives them, decoded; a name may come more than once. */
export type ParameterValues = ReadonlyArray<readonly [name: string, value: string]>;

/** One parameter: in the URL, and on the command line as `NAME=VALUE` and `--NAME`. */
export interface QuestionParameter {
  readonly name: string;
  /** `path`: it stands in the path as `{name}`, and comes with the other values under its name. */
  readonly in: "query" | "path";
  /** Its first sentence stands alone beside the flag on the command line. */
  readonly description: string;
  /**
   * Of the value as text. `enum: ["true", "false"]` is a flag without a value on the command line.
   */
  readonly schema: Schema;
  readonly example?: string;
  /** What the command line's help calls the value: `NAMES`; the name in capitals by default. */
  readonly placeholder?: string;
  /** Whether it may come more than once. */
  readonly repeats?: true;
  /** Whether it must be given. */
  readonly isRequired?: true;
  /**
   * Whether it is an instant: ISO 8601 with an offset, which the command line makes of what people
   * type.
   */
  readonly isTime?: true;
  /** Set for `filter`, which stands for any name that is no parameter: a field or label. */
  readonly anyName?: true;
}

/** How a question is called, stated and not derived: `reports` is `rollcall list`. */
export interface QuestionNames {
  /** Where the API answers it. */
  readonly path: string;
  /**
   * Further paths, which answer as they always did: no name is unknown to them, and no format new.
   */
  readonly aliases?: readonly string[];
  /** Of the command line: `rollcall COMMAND`. */
  readonly command: string;
  /** The page about it, under docs/. */
  readonly docs: string;
  /** What a model's tool is called (MCP). */
  readonly tool: string;
}

/** A type with a name, as documents and generated clients show it. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: Schema;
}

/**
 * What an answer looks like: a record (Facts) with one table in it. NDJSON is the table's rows, a
 * line each; CSV the rows, with the properties of `row` as columns in their order; JSON an array of
 * the rows, or the document where there is one.
 */
export interface AnswerSchema {
  readonly description: string;
  readonly row: NamedSchema;
  readonly document?: NamedSchema;
  /** The facts that go with it, beside those that every answer has. */
  readonly facts: readonly FactName[];
}

/** Why a question has no answer. What cannot be told now may be told later. */
export const REFUSALS = ["not_found", "set_aside", "left", "ambiguous", "cannot_be_told"] as const;

/** No answer, and why. */
export interface Refusal {
  readonly refusal: (typeof REFUSALS)[number];
  /** For people: what is so, and what to do. */
  readonly detail: string;
  /** Set where it was not recorded, and asking again is of no use. */
  readonly isOfPast?: true;
}

/** By column. */
export type Row = object;

/** Rows that are at hand. */
export interface Rows<Kind extends Row = Row> {
  readonly kind: "rows";
  readonly rows: readonly Kind[];
  /** JSON, where it is not the array of the rows. */
  readonly document?: unknown;
  /** What stands between the rows in JSON, and after the last: nothing by default. */
  readonly layout?: { readonly between: string; readonly after: string };
}

/** Cells of text, a row at a time, that are made as they are read. */
export interface CellTable {
  readonly columns: readonly string[];
  /** Columns that were left out, since there were too many. */
  readonly omitted: number;
  /** Of what the cells are made of beside the answer's own; letters that may stand in an ETag. */
  readonly digest?: string;
  /** Begins anew at each call. */
  rows(): Iterable<readonly string[]>;
}

/** Bytes that are ready, or nearly: stored reports, spliced. */
export interface ReadyBytes {
  readonly kind: "bytes";
  /** About how many bytes they are. */
  readonly estimate: number;
  /** Bytes that keeping this answer takes, beside the roll's. */
  readonly held: number;
  /** How many there will be, where that is known beforehand. */
  measure(format: "json" | "ndjson"): number | undefined;
  /** Begins to write, the same bytes at each call. */
  write(format: "json" | "ndjson"): Iterable<Buffer>;
  /** The same as a table. */
  readTable(yielder: Yielder): Promise<CellTable>;
}

export type AnswerBody = Rows | ReadyBytes;

/** An answer before it is written. */
export interface Answer<Body extends AnswerBody = AnswerBody> {
  readonly facts: Facts;
  /**
   * Until when it stands while the roll's version does: a report then changes state by age alone.
   * The view's instant where more than the roll is in it, such as a list of expected hosts. ms
   * since the epoch.
   */
  readonly validUntil: number;
  /**
   * The same for the same answer, on every reader of the store; letters that may stand in an ETag.
   * Without it the bytes themselves are hashed.
   */
  readonly digest?: string;
  /** Whether the instant stands in the body, so that two bodies of one digest may differ in it. */
  readonly isTimed?: true;
  readonly body: Body;
}

/** Who should report, or why that cannot be said; neither where nobody has said. */
export interface ExpectedHosts {
  readonly expected?: ReadonlySet<string>;
  readonly mistake?: string;
}

/** What questions are answered from. Those of a process share all but the turns and the view. */
export interface QuestionSources extends Sources {
  /**
   * The roll: that of now, or where `at` is asked that of then, as all sources are. Complete, or
   * partial where whoever asks takes that.
   *
   * @throws whatever tells whoever asks that the store cannot be read
   */
  viewAt(): Promise<RollView>;
  /** The same of one host, at a cost that does not follow the fleet's (Roll.viewHost). */
  viewHost(id: string, account?: string): Promise<RollView>;
  /** How old a fresh report may be where the question does not say; ms. */
  readonly windowMs: number;
  readExpected(): Promise<ExpectedHosts>;
  /** Machines that claimed the id of another and were refused. */
  readonly clones: { list(): readonly Problem[] };
  /** Reports that were refused since their key has written what it may; undefined where none is. */
  readonly bounds?: { list(): readonly Problem[] } | undefined;
  readonly clock: Clock;
  /** What was recorded; undefined where nobody reads that. */
  readonly past?: Past | undefined;
  /** Of whoever asks: they end where the signal does. */
  readonly yielder: Yielder;
}

/**
 * A question. Plain data, and one function. What kind of body its answers have is known to those
 * who name it; whoever takes it from the registry takes any.
 */
export interface Question<Body extends AnswerBody = AnswerBody> {
  readonly name: string;
  readonly names: QuestionNames;
  readonly summary: string;
  readonly description: string;
  /** A query to paste, behind the path: `?field=app_version&by=env`; or a path with values. */
  readonly sample: string;
  readonly parameters: readonly QuestionParameter[];
  readonly answer: AnswerSchema;
  /** The refusals that it may give. */
  readonly refusals: readonly Refusal["refusal"][];
  /**
   * Answers.
   *
   * @param signal aborts when whoever asks has gone
   * @throws QueryError for a parameter that cannot be understood, before the view is asked for;
   *   whatever viewAt throws
   */
  ask(
    sources: QuestionSources,
    parameters: ParameterValues,
    signal: AbortSignal,
  ): Promise<Answer<Body> | Refusal>;
}
