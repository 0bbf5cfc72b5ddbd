// The whole report of a host as a tree: searched, folded, copied; each value leads to the hosts
// that have it too.
import { useMemo, useState } from "preact/hooks";
import { formatFieldPath } from "../../../src/grammar/path.ts";
import { formatEquals, formatFilter } from "../address/filter.ts";
import { formatHref } from "../address/parameters.ts";
import { copyText } from "../shell/copy-text.ts";
import { useSpeech } from "../words/language.tsx";
import type { ReadReport } from "./host.tsx";
import { listTreeLines, type TreeLine } from "./report-tree.ts";

/** Lines that are shown at first, and characters of one value. */
const MAX_TREE_LINES = 1000;
const MAX_TREE_VALUE_LENGTH = 500;

/** Longer values and names are no filter: the API takes none of such a length. */
const MAX_ASKED_LENGTH = 512;

/** How long it says that it has copied; ms. */
const SAID_MS = 2000;

export function ReportTree({
  report: { tree },
  text,
}: {
  readonly report: ReadReport;
  readonly text: string;
}) {
  const { words, formatNumber } = useSpeech();
  const { host, shell } = words;
  const [needle, setNeedle] = useState("");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [isWhole, setWhole] = useState(false);
  const [said, setSaid] = useState<string>();
  const lines = useMemo(() => listTreeLines(tree, closed, needle.trim()), [tree, closed, needle]);
  const shown = isWhole ? lines : lines.slice(0, MAX_TREE_LINES);
  const copy = async () => {
    setSaid((await copyText(text)) ? shell.copied : shell.notCopied);
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  const toggle = (id: string) =>
    setClosed((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <section class="card report">
      <div class="report-head">
        <h2>{host.report}</h2>
        <input
          class="text"
          type="search"
          aria-label={host.search}
          placeholder={host.search}
          value={needle}
          onInput={(event) => setNeedle(event.currentTarget.value)}
        />
        <button type="button" onClick={() => void copy()}>
          {said ?? host.copy}
        </button>
      </div>
      <ul class="tree">
        {shown.map((line) => (
          <Line key={line.id} line={line} isClosed={closed.has(line.id)} onToggle={() => toggle(line.id)} />
        ))}
      </ul>
      {lines.length === 0 && <p class="empty">{host.notFound}</p>}
      {lines.length > shown.length && (
        <p class="notices">
          <button type="button" onClick={() => setWhole(true)}>
            {host.showMore(formatNumber(lines.length - shown.length))}
          </button>
        </p>
      )}
    </section>
  );
}

function Line({
  line: { depth, key, node, path },
  isClosed,
  onToggle,
}: {
  readonly line: TreeLine;
  readonly isClosed: boolean;
  readonly onToggle: () => void;
}) {
  const { words, formatNumber } = useSpeech();
  const name =
    key === undefined
      ? "–"
      : key.length > MAX_TREE_VALUE_LENGTH
        ? `${key.slice(0, MAX_TREE_VALUE_LENGTH)}…`
        : key;
  const indent = { paddingLeft: `${depth * 16}px` };
  if (node.kind === "scalar") {
    const text =
      node.text.length > MAX_TREE_VALUE_LENGTH ? `${node.text.slice(0, MAX_TREE_VALUE_LENGTH)}…` : node.text;
    const href = findHref(path, node.text);
    return (
      <li style={indent}>
        <bdi class="key">{name}</bdi>{" "}
        <bdi class={node.isString ? "value" : "value literal"}>
          {href === undefined ? (
            text
          ) : (
            <a href={href} title={words.host.sameValue}>
              {text === "" ? '""' : text}
            </a>
          )}
        </bdi>
      </li>
    );
  }
  const count = node.kind === "object" ? node.members.length : node.elements.length;
  return (
    <li style={indent}>
      <button type="button" class="fold" aria-expanded={!isClosed} onClick={onToggle}>
        <span aria-hidden="true">{isClosed ? "▸" : "▾"}</span> <bdi class="key">{name}</bdi>{" "}
        <span class="soft">
          {node.kind === "object" ? `{${formatNumber(count)}}` : `[${formatNumber(count)}]`}
        </span>
      </button>
    </li>
  );
}

/** The hosts that have the same value there. */
function findHref(path: readonly string[], text: string): string | undefined {
  const isOwn = path[0] === "rollcall" && path[1] === "reader";
  if (
    isOwn ||
    path.length === 0 ||
    text.length > MAX_ASKED_LENGTH ||
    path.join(".").length > MAX_ASKED_LENGTH
  )
    return undefined;
  const name = formatFieldPath(path);
  if (path.some((step) => step === "")) return undefined;
  return formatHref("/hosts", {
    q: formatFilter({ conditions: [formatEquals(`.${name}`, text)], text: "" }),
  });
}
