// Above the list of changes: of which span of time, and of which kind.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { useParameters } from "../address/parameters.ts";
import { formatAt } from "../address/past.ts";
import { useDismissal } from "../shell/dismissal.ts";
import { formatLocal, readLocal } from "../shell/local-time.ts";
import { useSpeech } from "../words/language.tsx";
import { type ChangeChoices, formatSince, KIND_GROUPS, type KindGroup, SPANS } from "./change-choices.ts";

const GROUPS = Object.keys(KIND_GROUPS) as readonly KindGroup[];

export function ChangeToolbar({
  choices,
  children,
}: {
  readonly choices: ChangeChoices;
  /** What is shown, in words. */
  readonly children: ComponentChildren;
}) {
  const { words, formatDuration } = useSpeech();
  const { changes } = words;
  const { change, hrefWith } = useParameters();
  return (
    <div class="toolbar">
      {children}
      <span class="gap" />
      <label class="check">
        <span class="soft">{changes.kind}</span>
        <select
          value={choices.kind ?? ""}
          onChange={(event) => change({ kind: event.currentTarget.value, open: undefined })}
        >
          <option value="">{changes.allKinds}</option>
          {GROUPS.map((group) => (
            <option key={group} value={group}>
              {changes.kinds[group]}
            </option>
          ))}
        </select>
      </label>
      <nav class="spans" aria-label={changes.span}>
        {Object.entries(SPANS).map(([span, ms]) => (
          <a
            key={span}
            href={hrefWith({ since: formatSince(span), until: undefined })}
            aria-current={choices.since === span && choices.until === undefined ? "true" : undefined}
          >
            {formatDuration(ms)}
          </a>
        ))}
      </nav>
      <OwnSpan choices={choices} />
    </div>
  );
}

/** A span of the reader's own, in the reader's zone. */
function OwnSpan({ choices: { since, until } }: { readonly choices: ChangeChoices }) {
  const { words } = useSpeech();
  const { changes } = words;
  const { change } = useParameters();
  const place = useRef<HTMLDetailsElement>(null);
  const [openedAt, setOpenedAt] = useState<number>();
  useDismissal(place);
  const isOwn = !Object.hasOwn(SPANS, since) || until !== undefined;
  const read = (text: string | undefined, otherwise: number) => {
    const at = Date.parse(text ?? "");
    return formatLocal(Number.isNaN(at) ? otherwise : at);
  };
  const show = (event: Event) => {
    event.preventDefault();
    const { elements } = event.currentTarget as HTMLFormElement;
    const [from, to] = [readLocal(elements.namedItem("from")), readLocal(elements.namedItem("until"))];
    if (from === undefined) return;
    if (place.current) place.current.open = false;
    change({ since: formatAt(from), until: to === undefined ? undefined : formatAt(to) });
  };
  return (
    <details
      class="panel-holder"
      ref={place}
      onToggle={() => setOpenedAt(place.current?.open ? Date.now() : undefined)}
    >
      <summary class={isOwn ? "button chosen" : "button"}>{changes.ownSpan}</summary>
      {openedAt !== undefined && (
        <form class="panel instant" onSubmit={show}>
          <label>
            {changes.from}
            <input
              class="text"
              type="datetime-local"
              name="from"
              required
              defaultValue={read(since, openedAt - SPANS["24h"])}
            />
          </label>
          <label>
            {changes.until}
            <input
              class="text"
              type="datetime-local"
              name="until"
              defaultValue={until === undefined ? "" : read(until, openedAt)}
            />
          </label>
          <p class="soft">{Intl.DateTimeFormat().resolvedOptions().timeZone}</p>
          <button type="submit">{changes.show}</button>
        </form>
      )}
    </details>
  );
}
