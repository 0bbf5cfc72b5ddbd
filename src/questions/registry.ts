// Every question there is, in the order of the documentation. A new one is a file and a line here.
import { ages } from "./ages-question.ts";
import { changes } from "./changes-question.ts";
import { coverage } from "./coverage-question.ts";
import { diff } from "./diff-question.ts";
import { fields } from "./fields-question.ts";
import { problems } from "./problems-question.ts";
import type { Question } from "./question.ts";
import { report } from "./report-question.ts";
import { reports } from "./reports-question.ts";
import { trend } from "./trend-question.ts";
import { versions } from "./versions-question.ts";

export const QUESTIONS: readonly Question[] = [
  reports,
  report,
  versions,
  fields,
  ages,
  coverage,
  problems,
  changes,
  diff,
  trend,
];
