// The view Coverage: who reported, who fell silent or left, who is missing, what was set aside and
// why.
import type { ComponentChildren } from "preact";
import { PROBLEM_REASONS } from "../../../src/report/problem.ts";
import { parseFilter, toParameters } from "../address/filter.ts";
import { useParameters } from "../address/parameters.ts";
import { ROOT } from "../address/root.ts";
import type { Asked, Facts } from "../api/answer.ts";
import { useShownQuestion } from "../api/command.ts";
import type { components } from "../api/openapi.d.ts";
import { useAnswer } from "../api/use-answer.ts";
import { formatHostHref } from "../hosts/host-href.ts";
import { ScrollX } from "../shell/scroll-x.tsx";
import { useSpeech } from "../words/language.tsx";

type Body = components["schemas"]["Coverage"];

/** Rows of a list that are shown; the rest is the command's. */
const MAX_SECTION_ROWS = 500;

/** What each reason means and what to do about it, as the server's own documentation says. */
const REASONS = new URL("docs#problem-", ROOT).href;

export function Coverage() {
  const { parameters } = useParameters();
  const filter = parseFilter(parameters.q);
  const asked: Asked = { path: "coverage", parameters: toParameters(filter) };
  useShownQuestion(asked);
  const { answer } = useAnswer<Body>(asked);
  if (!answer) return <div class="card skeleton-grid" />;
  return <Lists body={answer.body} facts={answer.facts} text={filter.text.toLowerCase()} />;
}

function Lists({ body, facts, text }: { readonly body: Body; readonly facts: Facts; readonly text: string }) {
  const { words } = useSpeech();
  const { coverage } = words;
  const {
    counts,
    expected,
    reported,
    missing = [],
    unexpected = [],
    silent,
    departed,
    set_aside: aside,
  } = body;
  const has = (...texts: readonly (string | null)[]) =>
    text === "" || texts.some((one) => one?.toLowerCase().includes(text));
  const isCompared = expected !== undefined;
  return (
    <>
      <Summary body={body} />
      {facts.warning !== undefined && !facts.isPast && (
        <div class="card notices" role="status">
          <bdi>{facts.warning}</bdi>
        </div>
      )}
      {isCompared && (
        <HostList
          title={coverage.missing}
          count={counts.missing ?? missing.length}
          note={coverage.missingNote(String(reported ?? 0), String(expected))}
          colour="broken"
          timeTitle={coverage.lastReport}
          rows={missing
            .filter(({ id }) => has(id))
            .map(({ id, since }) => ({ id, account: null, at: since }))}
        />
      )}
      <HostList
        title={coverage.silent}
        count={counts.silent}
        note={coverage.silentNote}
        colour="behind"
        timeTitle={coverage.lastReport}
        rows={silent
          .filter(({ id, account }) => has(id, account))
          .map(({ id, account, since }) => ({ id, account, at: since }))}
      />
      <HostList
        title={coverage.departed}
        count={counts.departed}
        note={coverage.departedNote}
        timeTitle={coverage.leftAt}
        rows={departed.filter(({ id, account }) => has(id, account))}
        isLinked={false}
      />
      <SetAside
        rows={aside.filter(({ key, reason, detail }) => has(key, reason, detail))}
        count={counts.set_aside}
      />
      {isCompared && (
        <HostList
          title={coverage.unexpected}
          count={counts.unexpected ?? unexpected.length}
          note={coverage.unexpectedNote}
          rows={unexpected.filter((id) => has(id)).map((id) => ({ id, account: null, at: undefined }))}
        />
      )}
    </>
  );
}

function Summary({ body: { fresh, counts, expected, reported } }: { readonly body: Body }) {
  const { words, formatNumber } = useSpeech();
  const { coverage } = words;
  const known = fresh + counts.silent;
  const [part, whole] = expected === undefined ? [fresh, known] : [reported ?? 0, expected];
  return (
    <dl class="strip">
      <div>
        <dt>{expected === undefined ? words.versions.answered : coverage.reported}</dt>
        <dd>
          <b>{formatNumber(part)}</b> <span class="soft">{words.versions.of(formatNumber(whole))}</span>
          <span class="bar" aria-hidden="true">
            <i style={{ width: `${whole === 0 ? 0 : (100 * part) / whole}%` }} />
          </span>
        </dd>
      </div>
      <Count name={coverage.silent} count={counts.silent} colour="behind" />
      <Count name={coverage.departed} count={counts.departed} />
      <Count name={coverage.setAside} count={counts.set_aside} colour="broken" />
      {counts.missing === undefined ? (
        <div>
          <dt>{coverage.missing}</dt>
          <dd class="soft">{coverage.nobodyExpected}</dd>
        </div>
      ) : (
        <Count name={coverage.missing} count={counts.missing} colour="broken" />
      )}
    </dl>
  );
}

function Count({
  name,
  count,
  colour,
}: {
  readonly name: string;
  readonly count: number;
  readonly colour?: string;
}) {
  const { formatNumber } = useSpeech();
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b class={count > 0 ? colour : undefined}>{formatNumber(count)}</b>
      </dd>
    </div>
  );
}

interface HostListProps {
  readonly title: string;
  readonly count: number;
  readonly note: string;
  readonly colour?: string;
  /** What the times are; undefined where there are none. */
  readonly timeTitle?: string;
  readonly rows: readonly {
    readonly id: string;
    readonly account: string | null;
    readonly at: string | null | undefined;
  }[];
  readonly isLinked?: boolean;
}

function HostList({ title, count, note, colour, timeTitle, rows, isLinked = true }: HostListProps) {
  const { words, formatNumber } = useSpeech();
  const { coverage } = words;
  return (
    <Part title={title} count={count} note={note} colour={colour}>
      {rows.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{coverage.host}</th>
              <th scope="col">{words.host.account}</th>
              {timeTitle !== undefined && <th scope="col">{timeTitle}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_SECTION_ROWS).map(({ id, account, at }) => (
              <tr key={`${account}/${id}`}>
                <td>
                  <bdi class="value">
                    {/* Of who never reported there is nothing to see. */}
                    {isLinked && at !== null ? <a href={formatHostHref(id, account ?? "")}>{id}</a> : id}
                  </bdi>
                </td>
                <td>{account === null ? <span class="soft">·</span> : <bdi class="value">{account}</bdi>}</td>
                {timeTitle !== undefined && (
                  <td>
                    <Since at={at ?? undefined} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {count > Math.min(rows.length, MAX_SECTION_ROWS) && rows.length >= MAX_SECTION_ROWS && (
        <p class="notices soft">{coverage.more(formatNumber(count - MAX_SECTION_ROWS))}</p>
      )}
    </Part>
  );
}

function Since({ at }: { readonly at: string | undefined }) {
  const { words, formatTime, formatTimeAndOffset } = useSpeech();
  if (at === undefined) return <span class="soft">{words.coverage.never}</span>;
  const time = Date.parse(at);
  return (
    <time dateTime={at} title={formatTimeAndOffset(time)}>
      {formatTime(time)}
    </time>
  );
}

function SetAside({ rows, count }: { readonly rows: Body["set_aside"]; readonly count: number }) {
  const { words, formatNumber } = useSpeech();
  const { coverage } = words;
  return (
    <Part title={coverage.setAside} count={count} note={coverage.setAsideNote} colour="broken">
      {rows.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">{coverage.reason}</th>
              <th scope="col">{coverage.key}</th>
              <th scope="col">{coverage.detail}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_SECTION_ROWS).map(({ key, reason, detail }) => (
              <tr key={`${key} ${reason}`}>
                <td>
                  <a
                    class="tag broken"
                    href={REASONS + reason}
                    target="_blank"
                    rel="noreferrer"
                    title={findMeaning(reason)}
                  >
                    {reason}
                  </a>
                </td>
                <td>
                  <bdi class="value">{key}</bdi>
                </td>
                <td>
                  <bdi class="value">{detail}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {count > rows.length && rows.length >= MAX_SECTION_ROWS && (
        <p class="notices soft">{coverage.more(formatNumber(count - MAX_SECTION_ROWS))}</p>
      )}
      {rows.length > 0 && (
        <p class="notices">
          <a href={new URL("docs#problems", ROOT).href} target="_blank" rel="noreferrer">
            {coverage.problems}
          </a>
        </p>
      )}
    </Part>
  );
}

/** What a reason means, in English, as the API says it. */
function findMeaning(reason: string): string | undefined {
  return Object.entries(PROBLEM_REASONS).find(([known]) => known === reason)?.[1];
}

function Part({
  title,
  count,
  note,
  colour,
  children,
}: {
  readonly title: string;
  readonly count: number;
  readonly note: string;
  readonly colour?: string | undefined;
  readonly children: ComponentChildren;
}) {
  const { formatNumber } = useSpeech();
  return (
    <section class="card">
      <h2>
        {title} <span class={count > 0 ? colour : "soft"}>{formatNumber(count)}</span>{" "}
        <span class="soft note">{note}</span>
      </h2>
      <ScrollX label={title}>{children}</ScrollX>
    </section>
  );
}
