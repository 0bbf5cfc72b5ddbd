// Asking for a publisher: questions, as the API and the command line ask them, all of one instant.
import { isRefusal } from "../questions/asker.ts";
import type {
  Answer,
  AnswerBody,
  ParameterValues,
  Question,
  QuestionSources,
} from "../questions/question.ts";
import { reports } from "../questions/reports-question.ts";
import type { Yielder } from "../roll/yielder.ts";
import { PublishError } from "./publisher.ts";

/**
 * Asks a question. A name of the configuration that nobody knows is no error, since nobody sits
 * before a page to mend it: the page says so. @throws PublishError where there is no answer
 */
export type Ask = <Body extends AnswerBody>(
  question: Question<Body>,
  parameters: ParameterValues,
) => Promise<Answer<Body>>;

/** Begins to ask: the view of this instant is that of all questions. @throws what viewAt throws */
export async function createAsk(sources: QuestionSources, signal: AbortSignal): Promise<Ask> {
  const view = await sources.viewAt();
  const pinned: QuestionSources = { ...sources, viewAt: async () => view };
  return async (question, parameters) => {
    const isLenient = question.parameters.some(({ name }) => name === "lenient");
    const all: ParameterValues = isLenient ? [...parameters, ["lenient", "true"]] : parameters;
    const answer = await question.ask(pinned, all, signal);
    if (isRefusal(answer)) throw new PublishError(answer.detail);
    return answer;
  };
}

/**
 * The ids of all hosts of a state, in the roll's order: the answers with lists of hosts are cut.
 */
export async function listIds(state: "fresh" | "silent", ask: Ask, yielder: Yielder): Promise<string[]> {
  const { body } = await ask(reports, [
    ["state", state],
    ["fields", "instance_id"],
  ]);
  const ids: string[] = [];
  let rest = "";
  for (const chunk of body.write("ndjson")) {
    const wait = yielder.spend(chunk.length);
    if (wait !== undefined) await wait;
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) ids.push((JSON.parse(line) as { instance_id: string }).instance_id);
  }
  return ids;
}
