// The view Hosts: one row a host, of any fleet, filtered and sorted as one types.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { toParameters } from "../../../src/grammar/filter-line.ts";
import { useParameters } from "../address/parameters.ts";
import type { Asked } from "../api/answer.ts";
import { useShownQuestion } from "../api/command.ts";
import { useAnswer } from "../api/use-answer.ts";
import type { KnownName } from "../columns/held-names.ts";
import type { ShownGroup } from "../columns/messages.ts";
import { useSpeech } from "../words/language.tsx";
import { useBehindValues } from "./behind-values.ts";
import { formatOpen, type HostChoices, readHostChoices } from "./host-choices.ts";
import { HostGrid } from "./host-grid.tsx";
import { HostToolbar } from "./host-toolbar.tsx";
import { useSeenHosts, useTable } from "./use-hosts.ts";

/** How often at most the names are asked for anew, where the table has changed; ms. */
const NAMES_MS = 60_000;

const FIELDS: Asked = { path: "fields" };

export function Hosts() {
  const { parameters } = useParameters();
  const { answer, failure } = useAnswer<readonly KnownName[]>(FIELDS, { isPolled: false });
  const known = answer?.body;
  const choices = useMemo(() => readHostChoices(parameters, known ?? []), [parameters, known]);
  useShownQuestion(toAsked(choices));
  if (!known) return failure ? null : <div class="card skeleton-grid" />;
  return <HostsOf choices={choices} known={known} />;
}

/** The question that gives what is shown, but for plain text. */
function toAsked({ choice: { columns, conditions }, question: { parameters } }: HostChoices): Asked {
  const filters = toParameters(conditions);
  const own = parameters.filter(([name]) => !filters.some(([other]) => other === name));
  return { path: "reports", parameters: [["fields", columns.join(",")], ...own, ...filters] };
}

function HostsOf({
  choices,
  known,
}: {
  readonly choices: HostChoices;
  readonly known: readonly KnownName[];
}) {
  const { words } = useSpeech();
  const { parameters, change, hrefWith } = useParameters();
  const { choice, question, names } = choices;
  const { polled, failure } = useTable(question, known);
  const seen = useSeenHosts(choice, known, polled);
  const behind = useBehindValues(choice.columns, names, question.parameters);
  useFreshNames(polled?.etag);

  const toggle = ({ value, isOpen }: ShownGroup) => {
    const own = JSON.stringify(value ?? null);
    const open = isOpen ? choice.open.filter((one) => one !== own) : [...choice.open, own];
    change({ open: formatOpen(open) }, { replace: true });
  };
  const { shown } = seen;
  const mistakes = shown?.mistakes ?? [];
  const refused = seen.failure?.detail;
  return (
    <section class="card">
      <HostToolbar choices={choices} known={known} shown={shown} facts={polled?.facts} />
      {(mistakes.length > 0 || refused !== undefined) && (
        <div class="notices broken" role="alert">
          {[...mistakes, ...(refused === undefined ? [] : [refused])].map((mistake) => (
            <p key={mistake}>
              <bdi>{mistake}</bdi>
            </p>
          ))}
        </div>
      )}
      {shown && polled ? (
        shown.length > 0 ? (
          <HostGrid
            key={question.parameters.join()}
            choice={choice}
            shown={shown}
            seen={seen}
            facts={polled.facts}
            behind={behind}
            list={hrefWith({})}
            onSort={(sort) =>
              change({ sort: sort === choice.columns[0] ? undefined : sort }, { replace: true })
            }
            onToggle={toggle}
          />
        ) : (
          <p class="empty">
            {shown.total === 0 && parameters.q === undefined ? words.versions.empty : words.versions.noMatch}
          </p>
        )
      ) : failure ? null : (
        <div class="skeleton-grid" />
      )}
    </section>
  );
}

/** Asks for the names anew after the table has changed, since there may be others. */
function useFreshNames(etag: string | undefined): void {
  const answers = useQueryClient();
  const asked = useRef({ etag, at: performance.now() });
  useEffect(() => {
    const now = performance.now();
    if (etag === undefined || asked.current.etag === etag || now - asked.current.at < NAMES_MS) return;
    asked.current = { etag, at: now };
    void answers.invalidateQueries({ queryKey: ["answer", FIELDS.path] });
  }, [etag, answers]);
}
