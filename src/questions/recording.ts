// What the recorder of history takes from questions: what hosts are called, and the facts that
// answers are made of beside the roll.
import type { DescribeHost } from "../history/change-list.ts";
import { BUILT_IN_NOISE } from "../history/noise.ts";
import type { RecorderOptions } from "../history/recorder.ts";
import { toKeySteps, walkField } from "../report/json-walk.ts";
import { readExpectation } from "./coverage.ts";
import { readText } from "./field-values.ts";
import type { LabelRule } from "./label-rule.ts";
import type { Label, Labels } from "./labels.ts";
import type { QuestionSources } from "./question.ts";

/** Values of one label that are kept with a change. */
const MAX_VALUES = 16;

export interface RecordingSources {
  readonly labelRules: readonly LabelRule[];
  /** What the rules were compiled to. */
  readonly labels: Labels;
  readonly readExpected?: (() => Promise<ReadonlySet<string>>) | undefined;
  /** What a server refused at its door; nothing where there is no server. */
  readonly clones?: QuestionSources["clones"] | undefined;
  readonly bounds?: QuestionSources["bounds"];
  /** Fields that are noise, beside those that are built in. */
  readonly ignore?: readonly string[];
}

/** Prepares what a recorder needs. */
export function prepareRecording({
  labelRules,
  labels,
  readExpected,
  clones,
  bounds,
  ignore = [],
}: RecordingSources): Pick<RecorderOptions, "facts" | "describeHost" | "noise"> {
  return {
    async facts() {
      const { expected, mistake } = await readExpectation(readExpected);
      return {
        labels: labelRules,
        expected: {
          ...(expected && { hosts: [...expected].sort() }),
          ...(mistake !== undefined && { mistake }),
        },
        clones: clones?.list() ?? [],
        bounds: bounds?.list() ?? [],
      };
    },
    describeHost: createHostDescriber(labels),
    noise: [...BUILT_IN_NOISE, ...ignore],
  };
}

/** Prepares to read a host's name and labels out of one report. */
function createHostDescriber(all: Labels): DescribeHost {
  const labels = [...all];
  const nameSteps = toKeySteps(["instance_name"]);
  return ({ account, body }) => {
    const [instanceName = null] = readTexts(body, nameSteps);
    const found = labels.flatMap(([name, own]) => {
      const values = readLabel(own, account, body);
      return values.length > 0 ? [[name, values.join(",")] as const] : [];
    });
    return { instanceName, labels: Object.fromEntries(found) };
  };
}

/** The first rule that finds something counts. */
function readLabel(rules: readonly Label[], account: string, body: Buffer): string[] {
  for (const { path, read } of rules) {
    const texts = path ? readTexts(body, toKeySteps(path)) : [account];
    const values = texts.flatMap((text) => read(text) ?? []);
    if (values.length > 0) return [...new Set(values)].slice(0, MAX_VALUES);
  }
  return [];
}

function readTexts(body: Buffer, steps: ReturnType<typeof toKeySteps>): string[] {
  const texts: string[] = [];
  walkField(body, 0, steps, (start, end) => {
    const text = texts.length < MAX_VALUES ? readText(body, start, end) : undefined;
    if (text !== undefined) texts.push(text);
  });
  return texts;
}
