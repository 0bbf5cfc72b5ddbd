// The view Changes: what changed, who arrived and left, who fell silent and came back, by time.
import { useMemo } from "preact/hooks";
import { parseFilter, toParameters } from "../address/filter.ts";
import { useParameters } from "../address/parameters.ts";
import { useAt } from "../address/use-at.ts";
import { useShownQuestion } from "../api/command.ts";
import { UNTOLD } from "../api/failure.ts";
import { ToldTimes } from "../shell/told-times.tsx";
import { useSpeech } from "../words/language.tsx";
import { formatOpen, KIND_GROUPS, readChangeChoices } from "./change-choices.ts";
import { isGap, listEntries } from "./change-lines.ts";
import { ChangeList } from "./change-list.tsx";
import { ChangeToolbar } from "./change-toolbar.tsx";
import { type ChangesQuestion, toAsked, useChanges } from "./use-changes.ts";

export function Changes() {
  const { parameters, change } = useParameters();
  const { words, formatNumber, formatTime } = useSpeech();
  const { changes } = words;
  const at = useAt();
  const choices = readChangeChoices(parameters);
  const filter = parseFilter(parameters.q);
  const question: ChangesQuestion = {
    since: choices.since,
    until: choices.until,
    parameters: [
      ...(choices.kind ? [["kind", KIND_GROUPS[choices.kind].join(",")] as const] : []),
      ...toParameters(filter),
    ],
  };
  useShownQuestion(toAsked(question));
  const { answer, failure } = useChanges(question);
  const body = answer?.body;
  const entries = useMemo(() => (body ? listEntries(body, filter.text) : []), [body, filter.text]);
  const toggle = (id: string) => {
    const open = new Set(choices.open);
    if (!open.delete(id)) open.add(id);
    change({ open: formatOpen(open) }, { replace: true });
  };
  const shown = entries.filter((entry) => !isGap(entry)).length;
  const count = body?.lines.reduce((sum, line) => sum + line.count, 0) ?? 0;
  return (
    <section class="card changes" aria-busy={!answer}>
      <ChangeToolbar choices={choices}>
        <strong role="status">
          {body ? changes.count(count, formatNumber(count)) : words.shell.waiting}
        </strong>
        {body && (
          <span class="soft">
            {choices.until === undefined && at === undefined
              ? changes.since(formatTime(body.since))
              : changes.between(formatTime(body.since), formatTime(body.until))}
          </span>
        )}
      </ChangeToolbar>
      {answer && (answer.facts.cuts.size > 0 || filter.text !== "") && (
        <div class="notices" role="status">
          {answer.facts.cuts.size > 0 && answer.facts.warning !== undefined && (
            <p>
              <ToldTimes text={answer.facts.warning} />
            </p>
          )}
          {filter.text !== "" && (
            <p>{changes.textAll(formatNumber(shown), formatNumber(body?.lines.length ?? 0))}</p>
          )}
        </div>
      )}
      {failure?.code === UNTOLD && (
        <p class="empty" role="alert">
          <strong>{changes.untold}:</strong> <ToldTimes text={failure.detail ?? ""} />
        </p>
      )}
      {body && (
        <ChangeList
          entries={entries}
          open={choices.open}
          onToggle={toggle}
          now={at === undefined ? body.until : undefined}
        />
      )}
      {body && shown === 0 && (
        <p class="empty">
          {filter.conditions.length > 0 || filter.text !== "" || choices.kind
            ? changes.noMatch
            : changes.empty}
        </p>
      )}
      {!body && !failure && <div class="skeleton-grid" />}
    </section>
  );
}
