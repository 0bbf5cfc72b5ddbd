// What could not be read on a host, and why: as its collectors say (rollcall.collectors).
import { useSpeech } from "../words/language.tsx";
import { findNode, findText, type Node } from "./report-tree.ts";

/** Entries that are shown of one collector; the whole report has all. */
const MAX_UNREAD_SHOWN = 50;

const listElements = (node: Node | undefined): readonly Node[] =>
  node?.kind === "array" ? node.elements : [];

export function Unread({ tree }: { readonly tree: Node }) {
  const { words, formatNumber } = useSpeech();
  const { host } = words;
  const steps = listElements(findNode(tree, "rollcall", "collectors")).filter(
    (step) =>
      (findText(step, "outcome") ?? "ok") !== "ok" || listElements(findNode(step, "unread")).length > 0,
  );
  if (steps.length === 0) return null;
  return (
    <section class="card">
      <h2>{host.unread}</h2>
      <ul class="unread">
        {steps.map((step, index) => {
          const unread = listElements(findNode(step, "unread"));
          const leftOff =
            Number(findText(step, "unread_left_off") ?? "0") + Math.max(0, unread.length - MAX_UNREAD_SHOWN);
          const isFailed = findText(step, "outcome") === "failed";
          return (
            <li key={index}>
              <p>
                <bdi class="value">{findText(step, "collector")}</bdi>
                <span class={isFailed ? "tag broken" : "tag behind"}>
                  {isFailed ? host.failed : host.partly}
                </span>{" "}
                <bdi class="value soft">
                  {listElements(findNode(step, "fields"))
                    .map((field) => findText(field))
                    .join(", ")}
                </bdi>
              </p>
              {unread.slice(0, MAX_UNREAD_SHOWN).map((one, at) => (
                <p key={at}>
                  <bdi class="value">{findText(one, "what")}</bdi>{" "}
                  <bdi class="value soft">{findText(one, "reason")}</bdi>
                </p>
              ))}
              {leftOff > 0 && <p class="soft">{host.leftOff(formatNumber(leftOff))}</p>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
