// The processes of a report as a table: arrays whose elements say in which state a process is, as
// the collector `processes` writes them under whatever name a spec gives.
import { findText, type Node } from "./report-tree.ts";

const STATES = ["running", "restart_pending", "not_running", "unknown"] as const;

export type ProcessState = (typeof STATES)[number];

export interface ProcessTable {
  /** The array's name. */
  readonly name: string;
  /** Members that hold one value, in the order in which they first come. */
  readonly columns: readonly string[];
  readonly rows: readonly ProcessRow[];
  /** Rows and columns that are not shown. */
  readonly left: number;
}

export interface ProcessRow {
  readonly cells: readonly (string | undefined)[];
  /** As the host wrote it: a script may know other words. */
  readonly state: string | undefined;
  readonly startedAt: string | undefined;
  readonly reason: string | undefined;
  /** What holds something else than when the process began. */
  readonly changed: readonly { readonly what: string; readonly since: string | undefined }[];
}

/** The collector's own members, which have places of their own. */
const OWN = ["state", "started_at", "reason", "changed"];

const MAX_PROCESS_COLUMNS = 8;
const MAX_PROCESS_ROWS = 200;

export function isProcessState(state: string | undefined): state is ProcessState {
  return STATES.some((known) => known === state);
}

export function listProcessTables(tree: Node): ProcessTable[] {
  if (tree.kind !== "object") return [];
  return tree.members.flatMap(([name, node]) => {
    if (node.kind !== "array") return [];
    const elements = node.elements.filter((element) => element.kind === "object");
    const isOfProcesses =
      name === "processes" || elements.some((one) => isProcessState(findText(one, "state")));
    return isOfProcesses && elements.length > 0 ? [makeTable(name, elements)] : [];
  });
}

function makeTable(name: string, elements: readonly Extract<Node, { kind: "object" }>[]): ProcessTable {
  const shown = elements.slice(0, MAX_PROCESS_ROWS);
  const members = shown.flatMap((element) =>
    element.members.flatMap(([key, value]) => (value.kind === "scalar" && !OWN.includes(key) ? [key] : [])),
  );
  const all = [...new Set(members)];
  const columns = all.slice(0, MAX_PROCESS_COLUMNS);
  return {
    name,
    columns,
    left: elements.length - shown.length + all.length - columns.length,
    rows: shown.map((element) => ({
      cells: columns.map((column) => findText(element, column)),
      state: findText(element, "state"),
      startedAt: findText(element, "started_at"),
      reason: findText(element, "reason"),
      changed: listChanged(element),
    })),
  };
}

function listChanged(element: Extract<Node, { kind: "object" }>): ProcessRow["changed"] {
  const changed = element.members.find(([key]) => key === "changed")?.[1];
  if (changed?.kind !== "array") return [];
  return changed.elements.map((one) => ({
    what: findText(one, "path") ?? findText(one, "what") ?? findText(one) ?? "",
    since: findText(one, "since"),
  }));
}
