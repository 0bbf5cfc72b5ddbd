// Asks a question of the past: the same question, with the sources of then.
import { askQuestion, isRefusal } from "./asker.ts";
import { AT } from "./parameters.ts";
import { openPast, REFUSE_PAST, refuseFuture, tellPast } from "./past.ts";
import { makePastSources } from "./past-sources.ts";
import type { ParameterValues, Question, QuestionSources, Refusal } from "./question.ts";
import type { WrittenAnswer } from "./written-answer.ts";

export interface PastOptions {
  /** Around the reading of the history: whoever waits for it. */
  readonly during: <T>(read: () => Promise<T>) => Promise<T>;
  /** What of the sources of then whoever asks knows better. */
  readonly adapt?: (then: QuestionSources) => Promise<QuestionSources>;
}

/**
 * Asks of the roll as it was. @param at ms since the epoch @param now the sources of now @throws
 * QueryError where the instant lies ahead; as askQuestion
 */
export async function askPast(
  at: number,
  question: Question,
  parameters: ParameterValues,
  now: QuestionSources,
  options: Parameters<typeof askQuestion>[3],
  { during, adapt = async (then) => then }: PastOptions,
): Promise<WrittenAnswer | Refusal> {
  refuseFuture(AT.name, at, now.clock());
  const { past } = now;
  if (!past) return REFUSE_PAST;
  const recorded = await during(() => openPast(at, past, options.signal));
  if (isRefusal(recorded)) return recorded;
  const then = await adapt(makePastSources(recorded, past, now));
  const answer = await askQuestion(question, parameters, then, options);
  return isRefusal(answer) ? answer : tellPast(answer, recorded);
}
