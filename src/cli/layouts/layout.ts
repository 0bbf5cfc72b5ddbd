// The Layout contract: what a command of the command line adds to the question that it asks. Plain
// data, and one function from an answer to a printout; the asker (../commands/ask.ts) does all
// else.
import type { Facts } from "../../questions/facts.ts";
import type { ParameterValues, Question } from "../../questions/question.ts";
import type { Printout } from "../terminal/tables.ts";

/** An answer that is to be shown. */
export interface AskedAnswer {
  /** Its JSON, as the API gives it: the digits of numbers stand as hosts wrote them. */
  readonly json: Buffer;
  readonly facts: Facts;
  /** What was asked. */
  readonly parameters: ParameterValues;
}

/** What a layout may use. */
export interface LayoutTools {
  /** Values of the layout's own flags, by their names in camel case. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** An instant in the zone of the output. @param at ms since the epoch, or ISO 8601 */
  formatInstant(at: number | string): string;
  /** Names (instance_name) of hosts by id, of those that have one. */
  findNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** The JSON of an answer to another question, of the same instant. */
  ask(question: Question, parameters: ParameterValues): Promise<Buffer>;
}

/** A flag of one command that is no parameter of its question. */
export interface LayoutFlag {
  /** As commander reads it: `--behind`, `--expect-ec2 [REGIONS]`. */
  readonly flags: string;
  readonly description: string;
  /** Whether it is for tables alone. What to do elsewhere: `jq 'map(select(.behind))'`. */
  readonly elsewhere?: string;
}

export interface Layout {
  /** Command lines, the simplest first. */
  readonly examples: readonly string[];
  /** The parameter that a word without an operator is the value of, and how help names it. */
  readonly word?: { readonly parameter: string; readonly name: string; readonly isRequired?: true };
  readonly flags?: readonly LayoutFlag[];
  /** Settings that the command has flags for, beside those of every question. */
  readonly settings?: readonly "expect"[];
  /** Parameters that a table needs and nobody has to give. */
  readonly tableParameters?: ParameterValues;
  /**
   * With --exit-code: why the command fails though it has an answer. @param json the answer's
   * @returns undefined where it does not
   */
  judge?(json: Buffer): string | undefined;
  /** Makes a printout of an answer. */
  layOut(answer: AskedAnswer, tools: LayoutTools): Printout | Promise<Printout>;
}
