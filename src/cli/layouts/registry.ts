// The layout of each question, by the question's name. A new one is a file and a line here.
import type { Layout } from "./layout.ts";
import { problems } from "./problems.ts";

export const LAYOUTS: Readonly<Record<string, Layout>> = { problems };
