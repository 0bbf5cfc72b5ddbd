// One line: when, what, on how many hosts; open, its hosts. What hosts wrote stands there as text.
import { formatHref } from "../address/parameters.ts";
import { formatAt } from "../address/past.ts";
import { formatHostHref } from "../hosts/host-href.ts";
import { FieldName } from "../versions/table.tsx";
import { useSpeech } from "../words/language.tsx";
import { type ChangedHost, type ChangeKind, type ChangeLine, findDay, isOlder } from "./change-lines.ts";

/** Of a value so many characters stand in a line; the whole is its hint, up to a bound. */
const MAX_LINE_VALUE = 120;
const MAX_TITLE_TEXT = 1000;

/** Hosts of a line that are shown. */
const MAX_SHOWN_HOSTS = 500;

/** A colour's meaning; the word stands there too. */
const TONES: Readonly<Record<ChangeKind, string>> = {
  changed: "is",
  arrived: "good",
  returned: "good",
  restored: "good",
  restarted: "good",
  departed: "gone",
  expired: "gone",
  removed: "gone",
  left: "gone",
  silent: "late",
  restart_pending: "late",
  set_aside: "bad",
};

/** After these the host is in the roll no more, so that it is shown as it was before. */
const GONE: ReadonlySet<ChangeKind> = new Set(["departed", "expired", "removed", "left", "set_aside"]);

interface ChangeRowProps {
  readonly line: ChangeLine;
  readonly isOpen: boolean;
  /** Whether Tab leads here. */
  readonly isStop: boolean;
  readonly onToggle: () => void;
  readonly onFocus: () => void;
}

export function ChangeRow({ line, isOpen, isStop, onToggle, onFocus }: ChangeRowProps) {
  const { words, formatNumber } = useSpeech();
  const { changes } = words;
  const { id, kind, count, hosts, omitted } = line;
  const all = hosts.length + omitted;
  return (
    <li>
      <button
        type="button"
        class="change"
        aria-expanded={isOpen}
        aria-controls={isOpen ? `hosts-${id}` : undefined}
        tabIndex={isStop ? 0 : -1}
        onClick={onToggle}
        onFocus={onFocus}
      >
        <When line={line} />
        <i class={`dot ${TONES[kind] ?? "is"}`} aria-hidden="true" />
        <span class="what">
          <What line={line} />
        </span>
        <span class="soft many">
          {changes.hosts(all, formatNumber(all))}
          {count > all && ` · ${changes.times(formatNumber(count))}`}{" "}
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
        </span>
      </button>
      {isOpen && (
        <ul class="of-change" id={`hosts-${id}`}>
          {hosts.slice(0, MAX_SHOWN_HOSTS).map((host) => (
            <HostRow key={`${host.account}/${host.id}/${host.field}`} host={host} line={line} />
          ))}
          {(omitted > 0 || hosts.length > MAX_SHOWN_HOSTS) && (
            <li class="soft">
              {changes.more(formatNumber(omitted + Math.max(0, hosts.length - MAX_SHOWN_HOSTS)))}
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

/** When the first and the last was; a day is told where it is another than the last one's. */
function When({ line: { first, last } }: { readonly line: ChangeLine }) {
  const { formatClock, formatTime, formatTimeAndOffset } = useSpeech();
  const [from, until] = [
    findDay(first) === findDay(last) ? formatClock(first) : formatTime(first),
    formatClock(last),
  ];
  const hint =
    first === last ? formatTimeAndOffset(last) : [first, last].map(formatTimeAndOffset).join(" – ");
  return (
    <time class="when" dateTime={new Date(last).toISOString()} title={hint}>
      {from === until ? until : `${from} – ${until}`}
    </time>
  );
}

function What({ line }: { readonly line: ChangeLine }) {
  const { words, formatNumber } = useSpeech();
  const { changes } = words;
  const { kind, field, before, after, hosts, omitted } = line;
  const all = hosts.length + omitted;
  const [only] = hosts;
  if (kind === "changed")
    return (
      <>
        <FieldName field={field} /> <Text text={before} isOld /> <span aria-hidden="true">→</span>
        <span class="unseen">{changes.to}</span> <Text text={after} />
        {isOlder(before, after) && <span class="tag behind">{changes.rolledBack}</span>}
      </>
    );
  return (
    <>
      {all === 1 && only ? (
        <bdi class="value name">{only.name ?? only.id}</bdi>
      ) : (
        <b>{changes.hosts(all, formatNumber(all))}</b>
      )}{" "}
      {changes.verbs[kind]} {field !== "" && <FieldName field={field} />}{" "}
      {kind === "set_aside" && after !== null && <Text text={after} />}
    </>
  );
}

function Text({ text, isOld = false }: { readonly text: string | null; readonly isOld?: boolean }) {
  const { words } = useSpeech();
  if (text === null) return <span class="soft">{words.changes.none}</span>;
  const isLong = text.length > MAX_LINE_VALUE;
  return (
    <bdi class={isOld ? "value soft" : "value"} title={isLong ? text.slice(0, MAX_TITLE_TEXT) : undefined}>
      {text === "" ? '""' : isLong ? `${text.slice(0, MAX_LINE_VALUE)}…` : text}
    </bdi>
  );
}

/** A host leads to its view; the time to the same of then. */
function HostRow({ host, line }: { readonly host: ChangedHost; readonly line: ChangeLine }) {
  const { words, formatTime, formatTimeAndOffset } = useSpeech();
  const { changes } = words;
  const { id, account, name, at, field } = host;
  const isGone = GONE.has(line.kind);
  // Just before it went it was there still.
  const then = formatHref(`/hosts/${encodeURIComponent(id)}`, {
    account,
    at: formatAt(isGone ? at - 1 : at),
  });
  return (
    <li>
      <a href={isGone ? then : formatHostHref(id, account)}>
        <bdi class="value">{name ?? id}</bdi>
      </a>
      {name !== null && <bdi class="value soft">{id}</bdi>}
      {field !== line.field && <FieldName field={field} />}
      <a
        class="soft"
        href={then}
        title={`${isGone ? changes.before : changes.asItWas}: ${formatTimeAndOffset(at)}`}
      >
        <time dateTime={new Date(at).toISOString()}>{formatTime(at)}</time>
      </a>
    </li>
  );
}
