// The processes of a host: what each runs, its state, and why where that is not plain.

import { ScrollX } from "../shell/scroll-x.tsx";
import { FieldName } from "../versions/table.tsx";
import { useSpeech } from "../words/language.tsx";
import { isProcessState, listProcessTables, type ProcessRow, type ProcessTable } from "./process-table.ts";
import type { Node } from "./report-tree.ts";

export function Processes({ tree }: { readonly tree: Node }) {
  const tables = listProcessTables(tree);
  return (
    <>
      {tables.map((table) => (
        <ProcessCard key={table.name} table={table} />
      ))}
    </>
  );
}

function ProcessCard({ table }: { readonly table: ProcessTable }) {
  const { words, formatNumber } = useSpeech();
  const { host } = words;
  const hasStates = table.rows.some(({ state }) => state !== undefined);
  const hasTimes = table.rows.some(({ startedAt }) => startedAt !== undefined);
  return (
    <section class="card">
      <h2>{table.name === "processes" ? host.processes : <FieldName field={table.name} />}</h2>
      <ScrollX label={host.processes}>
        <table class="plain">
          <thead>
            <tr>
              {table.columns.map((column) => (
                <th key={column} scope="col">
                  <FieldName field={column} />
                </th>
              ))}
              {hasStates && <th scope="col">{host.state}</th>}
              {hasTimes && <th scope="col">{host.startedAt}</th>}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, index) => (
              <tr key={index}>
                {row.cells.map((cell, at) => (
                  <td key={table.columns[at]}>
                    {cell === undefined ? <span class="soft">·</span> : <bdi class="value">{cell}</bdi>}
                  </td>
                ))}
                {hasStates && (
                  <td>
                    <State row={row} />
                  </td>
                )}
                {hasTimes && (
                  <td>
                    <bdi class="value">{row.startedAt}</bdi>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
      {table.left > 0 && <p class="notices soft">{host.moreInReport(formatNumber(table.left))}</p>}
    </section>
  );
}

const COLOURS = {
  running: "running",
  restart_pending: "behind",
  not_running: "broken",
  unknown: "behind",
} as const;

function State({ row: { state, reason, changed } }: { readonly row: ProcessRow }) {
  const { words } = useSpeech();
  const { host } = words;
  if (state === undefined) return <span class="soft">·</span>;
  return (
    <>
      {isProcessState(state) ? (
        <span class={`tag ${COLOURS[state]}`} title={state}>
          {host.states[state]}
        </span>
      ) : (
        <bdi class="value">{state}</bdi>
      )}
      {reason !== undefined && (
        <p class="why">
          <bdi class="value soft">{reason}</bdi>
        </p>
      )}
      {changed.map(({ what, since }) => (
        <p key={what} class="why">
          <bdi class="value soft">{what}</bdi>
          {since !== undefined && (
            <span class="soft">
              {" "}
              {host.changedSince} <bdi class="value">{since}</bdi>
            </span>
          )}
        </p>
      ))}
    </>
  );
}
