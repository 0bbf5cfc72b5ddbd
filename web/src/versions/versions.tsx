// The view Versions: which version of each module runs on how many hosts, and who is behind.
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import { formatFilter, parseFilter, toParameters } from "../address/filter.ts";
import { useParameters } from "../address/parameters.ts";
import type { Asked } from "../api/answer.ts";
import { useShownQuestion } from "../api/command.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useSpeech } from "../words/language.tsx";
import { readChoices } from "./choices.ts";
import { findColumns } from "./columns.ts";
import { createMatrix } from "./matrix.ts";
import { Strip } from "./strip.tsx";
import { VersionTable } from "./table.tsx";
import { Toolbar } from "./toolbar.tsx";
import type { VersionCount } from "./version-count.ts";

export function Versions() {
  const { parameters } = useParameters();
  const { by, fields, isOnlyBehind } = readChoices(parameters);
  const filter = parseFilter(parameters.q);
  const asked: Asked = {
    path: "versions",
    parameters: [
      ...(by.length > 0 ? [["by", by.join(",")] as const] : []),
      ...(fields.length > 0 ? [["field", fields.join(",")] as const] : []),
      ...toParameters(filter),
    ],
  };
  useShownQuestion(asked);
  const { answer, failure, isOfBefore } = useAnswer<readonly VersionCount[]>(asked);
  const [whole, setWhole] = useState<ReadonlySet<string>>(new Set());
  const showMore = useCallback((field: string) => setWhole((before) => new Set([...before, field])), []);

  const body = answer?.body;
  const hosts = answer?.facts.count ?? 0;
  const conditionText = formatFilter({ ...filter, text: "" });
  // Until the answer to a changed question comes, what is shown is of the one before.
  const shown = useRef({ by, conditionText });
  if (!isOfBefore) shown.current = { by, conditionText };
  const shownBy = shown.current.by.join();
  const names = useMemo(() => (shownBy === "" ? [] : shownBy.split(",")), [shownBy]);
  const shownText = shown.current.conditionText;
  const conditions = useMemo(() => parseFilter(shownText).conditions, [shownText]);
  const columns = useMemo(() => findColumns(body ?? [], names), [body, names]);
  const matrix = useMemo(
    () => createMatrix(body ?? [], columns, hosts, { text: filter.text, isOnlyBehind, whole }),
    [body, columns, hosts, filter.text, isOnlyBehind, whole],
  );

  if (!answer) return failure ? null : <Skeleton />;
  return (
    <>
      <Strip facts={answer.facts} />
      <section class="card" aria-busy={isOfBefore}>
        <Toolbar shownFields={[...new Set(answer.body.map(({ field }) => field))]} />
        <Notices facts={answer.facts} left={matrix.left} all={matrix.all} text={filter.text} />
        {matrix.sections.length > 0 ? (
          <VersionTable
            matrix={matrix}
            columns={columns}
            by={names}
            conditions={conditions}
            onShowMore={showMore}
          />
        ) : (
          <Nothing hosts={hosts} rows={matrix.all} hasConditions={conditions.length > 0} />
        )}
      </section>
    </>
  );
}

/** What the answer leaves out, and what Rollcall says of it; of the past that stands above. */
function Notices({
  facts: { cuts, warning, isPast },
  left,
  all,
  text,
}: {
  readonly facts: {
    readonly cuts: ReadonlyMap<string, number>;
    readonly warning?: string;
    readonly isPast?: true;
  };
  readonly left: number;
  readonly all: number;
  readonly text: string;
}) {
  const { words, formatNumber } = useSpeech();
  const { versions } = words;
  const [groups, values] = [cuts.get("groups"), cuts.get("values")];
  const notices = [
    ...(text !== "" ? [versions.textAll(formatNumber(left), formatNumber(all))] : []),
    ...(groups === undefined ? [] : [versions.groupsCut(formatNumber(groups))]),
    ...(values === undefined ? [] : [versions.valuesCut(formatNumber(values))]),
    ...(warning !== undefined && !isPast && groups === undefined && values === undefined ? [warning] : []),
  ];
  if (notices.length === 0) return null;
  return (
    <div class="notices" role="status">
      {notices.map((notice) => (
        <p key={notice}>
          <bdi>{notice}</bdi>
        </p>
      ))}
    </div>
  );
}

function Nothing({
  hosts,
  rows,
  hasConditions,
}: {
  readonly hosts: number;
  readonly rows: number;
  readonly hasConditions: boolean;
}) {
  const { words } = useSpeech();
  const { noRows, noVersions, noMatch, empty, emptyHint } = words.versions;
  if (rows > 0) return <p class="empty">{noRows}</p>;
  if (hosts > 0) return <p class="empty">{noVersions}</p>;
  if (hasConditions) return <p class="empty">{noMatch}</p>;
  return (
    <p class="empty">
      {empty} {emptyHint} <code>rollcall agent</code>
    </p>
  );
}

/** What stands there before the first answer: the places of what comes. */
function Skeleton() {
  const { words } = useSpeech();
  return (
    <div class="skeleton" role="status" aria-label={words.shell.waiting}>
      <div class="strip" />
      <div class="card" />
    </div>
  );
}
