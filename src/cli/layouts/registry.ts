// The layout of each question, by the question's name. A new one is a file and a line here.
import { ages } from "./ages.ts";
import { changes } from "./changes.ts";
import { coverage } from "./coverage.ts";
import { diff } from "./diff.ts";
import { fields } from "./fields.ts";
import type { Layout } from "./layout.ts";
import { reports } from "./list.ts";
import { problems } from "./problems.ts";
import { report } from "./show.ts";
import { trend } from "./trend.ts";
import { versions } from "./versions.ts";

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  reports,
  report,
  versions,
  coverage,
  problems,
  fields,
  ages,
  changes,
  diff,
  trend,
};
