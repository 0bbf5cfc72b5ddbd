// Every question there is, in the order of the documentation. A new one is a file and a line here.
import { problems } from "./problems.ts";
import type { Question } from "./question.ts";

export const QUESTIONS: readonly Question[] = [problems];
