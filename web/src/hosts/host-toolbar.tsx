// Above the table of hosts: how many, which columns, in which groups, of which age, and the ways
// out: CSV, JSON, a link.
import { useState } from "preact/hooks";
import { useParameters } from "../address/parameters.ts";
import type { Facts } from "../api/answer.ts";
import { findAge } from "../api/use-state-of-data.ts";
import { askWorker } from "../columns/columns-client.ts";
import { type KnownName, toColumnName } from "../columns/held-names.ts";
import type { ShownChoice } from "../columns/messages.ts";
import { copyText } from "../shell/copy-text.ts";
import { ChosenFields, Picker } from "../versions/toolbar.tsx";
import { useSpeech } from "../words/language.tsx";
import { formatColumns, type HostChoices, STATES, withAge } from "./host-choices.ts";

interface HostToolbarProps {
  readonly choices: HostChoices;
  readonly known: readonly KnownName[];
  readonly shown: ShownChoice | undefined;
  readonly facts: Facts | undefined;
}

export function HostToolbar({ choices, known, shown, facts }: HostToolbarProps) {
  const { words, formatNumber } = useSpeech();
  const { hosts } = words;
  const { parameters, change, hrefWith } = useParameters();
  const { columns, group } = choices.choice;
  const isLabel = (name: string) => known.some((one) => one.name === name && one.kinds.includes("label"));
  const labels = [...choices.names.labels].map((label) => toColumnName(label, true));
  const groups = [...new Set([...labels, ...choices.names.versions, ...columns, ...(group ? [group] : [])])];
  return (
    <div class="toolbar">
      <strong role="status">
        {shown
          ? hosts.count(shown.hosts, formatNumber(shown.hosts), formatNumber(shown.total))
          : words.shell.waiting}
      </strong>
      <span class="gap" />
      <label class="check">
        <span class="soft">{hosts.group}</span>
        <select
          value={group ?? ""}
          onChange={(event) => change({ group: event.currentTarget.value, open: undefined })}
        >
          <option value="">{hosts.noGroup}</option>
          {groups.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <span class="soft">{hosts.state}</span>
        <select
          value={choices.state}
          onChange={(event) =>
            change({ state: event.currentTarget.value === "fresh" ? undefined : event.currentTarget.value })
          }
        >
          {STATES.map((state) => (
            <option key={state} value={state}>
              {hosts.states[state]}
            </option>
          ))}
        </select>
      </label>
      <Picker
        label={hosts.columns(formatNumber(columns.length))}
        name={hosts.chooseColumns}
        except={columns.map((name) => name.replace(/^label\./, ""))}
        onPick={(name) => change({ columns: formatColumns([...columns, toColumnName(name, isLabel(name))]) })}
      >
        <ChosenFields
          chosen={columns}
          resetHref={choices.areUsual ? undefined : hrefWith({ columns: undefined })}
          onChange={(next) => change({ columns: formatColumns(next) })}
        />
      </Picker>
      <Ways columns={columns} facts={shown?.isReady ? facts : undefined} key={parameters.q} />
    </div>
  );
}

/** How long it says that it has copied; ms. */
const SAID_MS = 2000;

/** @param facts of the table that is shown; undefined while there is none */
function Ways({
  columns,
  facts,
}: {
  readonly columns: readonly string[];
  readonly facts: Facts | undefined;
}) {
  const { words } = useSpeech();
  const [said, setSaid] = useState<string>();
  const save = async (format: "csv" | "json") => {
    if (!facts) return;
    const now = facts.asOf + findAge(facts);
    const text = await askWorker<"write">({ kind: "write", format, columns: withAge(columns), now });
    const type = format === "csv" ? "text/csv;charset=utf-8" : "application/json";
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `hosts.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), SAID_MS);
  };
  const copyLink = async () => {
    setSaid((await copyText(location.href)) ? words.shell.copied : words.shell.notCopied);
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <>
      <button type="button" disabled={!facts} onClick={() => void save("csv")}>
        CSV
      </button>
      <button type="button" disabled={!facts} onClick={() => void save("json")}>
        JSON
      </button>
      <button type="button" onClick={() => void copyLink()}>
        {said ?? words.hosts.copyLink}
      </button>
    </>
  );
}
