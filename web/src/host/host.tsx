// The view of one host: what it is, its processes, its whole report, and what is known of that.
import { useEffect } from "preact/hooks";
import { useParams } from "wouter";
import { formatHref, go, useParameters } from "../address/parameters.ts";
import { moveToInstant } from "../address/past.ts";
import type { Asked } from "../api/answer.ts";
import { useShownQuestion } from "../api/command.ts";
import { useAnswer } from "../api/use-answer.ts";
import { findAge } from "../api/use-state-of-data.ts";
import { HostHistory } from "../changes/host-history.tsx";
import { takeList } from "../hosts/way-back.ts";
import { useSpeech } from "../words/language.tsx";
import { HostFacts } from "./host-facts.tsx";
import { Processes } from "./processes.tsx";
import { findNode, findText, type Node, parseTree } from "./report-tree.ts";
import { ReportTree } from "./report-view.tsx";
import { Unread } from "./unread.tsx";

/** A report as text, and as a tree. */
export interface ReadReport {
  readonly text: string;
  readonly tree: Node;
}

function readReport(text: string): ReadReport {
  return { text, tree: parseTree(text) };
}

export function Host() {
  const { id = "" } = useParams<{ id: string }>();
  const { parameters } = useParameters();
  const { words, formatDuration } = useSpeech();
  const asked: Asked = {
    path: `reports/${encodeURIComponent(id)}`,
    parameters: [["meta", "true"], ...(parameters.account ? [["account", parameters.account] as const] : [])],
  };
  useShownQuestion(asked);
  useEscape();
  const { answer, isOfBefore } = useAnswer<ReadReport>(asked, { read: readReport });
  if (!answer || isOfBefore)
    return (
      <p class="host-title">
        <BackLink /> <bdi class="value">{id}</bdi>
      </p>
    );
  const { tree, text } = answer.body;
  const reader = findNode(tree, "rollcall", "reader");
  const received = Date.parse(findText(reader, "received_at") ?? "");
  const ageMs = answer.facts.asOf - received + findAge(answer.facts);
  const state = findText(reader, "state");
  const name = findText(tree, "instance_name") ?? findText(tree, "rollcall", "name");
  const lifeCycle = findText(tree, "instance_life_cycle");
  return (
    <>
      <div class="host-title">
        <BackLink />
        <h1>
          <bdi>{name ?? id}</bdi>
        </h1>
        {name !== undefined && <bdi class="value soft">{id}</bdi>}
        <span class={state === "fresh" ? "tag running" : "tag behind"}>
          {state === "fresh" ? words.host.fresh : words.host.silent} · {formatDuration(ageMs)}
        </span>
        {lifeCycle !== undefined && (
          <span class="tag">
            <bdi>{lifeCycle}</bdi>
          </span>
        )}
      </div>
      <div class="host-parts">
        <div class="host-left">
          <Processes tree={tree} />
          <Unread tree={tree} />
          <HostHistory id={id} account={findAccount(reader)} />
          <HostFacts tree={tree} received={received} />
        </div>
        <ReportTree report={answer.body} text={text} />
      </div>
    </>
  );
}

/** "" for a report at the top of the store. */
function findAccount(reader: Node | undefined): string {
  const account = findNode(reader, "account");
  return account?.kind === "scalar" && account.isString ? account.text : "";
}

/** Where the host was opened from, at the instant that is looked at, or all hosts. */
function findWayBack(): string {
  const list = takeList();
  return list === undefined ? formatHref("/hosts") : moveToInstant(list);
}

function BackLink() {
  const { words } = useSpeech();
  return (
    <a class="back" href={findWayBack()} aria-label={words.host.back}>
      ←
    </a>
  );
}

/** Escape goes back, but from what has use for it. */
function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const isInUse = target instanceof Element && target.closest("input, select, details[open]") !== null;
      if (event.key !== "Escape" || event.defaultPrevented || isInUse) return;
      go(findWayBack());
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
