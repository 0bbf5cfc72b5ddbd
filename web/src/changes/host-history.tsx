// What changed on one host lately, on its own view.
import { useState } from "preact/hooks";
import { useAt } from "../address/use-at.ts";
import { UNTOLD } from "../api/failure.ts";
import { ToldTimes } from "../shell/told-times.tsx";
import { useSpeech } from "../words/language.tsx";
import { listEntries } from "./change-lines.ts";
import { ChangeList } from "./change-list.tsx";
import { useChanges } from "./use-changes.ts";

/** @param account "" where it is not known or the report lies at the top of the store */
export function HostHistory({ id, account }: { readonly id: string; readonly account: string }) {
  const { words } = useSpeech();
  const { changes } = words;
  const at = useAt();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { answer, failure } = useChanges({
    since: "7d",
    parameters: [
      ["host", id],
      ["each", "true"],
    ],
  });
  const body = answer?.body;
  // The id of another account's host may be the same.
  const lines = body?.lines.filter(({ hosts }) =>
    hosts.some((host) => host.id === id && host.account === account),
  );
  const entries = body && lines ? listEntries({ ...body, lines }, "") : [];
  const toggle = (line: string) => {
    const next = new Set(open);
    if (!next.delete(line)) next.add(line);
    setOpen(next);
  };
  return (
    <section class="card changes" aria-busy={!answer}>
      <h2>{changes.ofHost}</h2>
      {failure?.code === UNTOLD && (
        <p class="notices">
          {changes.untold}: <ToldTimes text={failure.detail ?? ""} />
        </p>
      )}
      {body && (
        <ChangeList
          entries={entries}
          open={open}
          onToggle={toggle}
          now={at === undefined ? body.until : undefined}
        />
      )}
      {lines?.length === 0 && <p class="notices soft">{changes.empty}</p>}
    </section>
  );
}
