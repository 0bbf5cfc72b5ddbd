// The strip: the whole fleet in five numbers, each with what it is of.
import type { ComponentChildren } from "preact";
import { formatEquals, formatFilter, parseFilter, toParameters } from "../address/filter.ts";
import { formatHref, useParameters } from "../address/parameters.ts";
import type { Facts } from "../api/answer.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useSpeech } from "../words/language.tsx";
import type { VersionCount } from "./version-count.ts";

const STATE = "processes.state";
const RESTART_PENDING = "restart_pending";

export function Strip({ facts }: { readonly facts: Facts }) {
  const { words, formatNumber } = useSpeech();
  const { versions } = words;
  const { parameters, hrefWith } = useParameters();
  const filter = parseFilter(parameters.q);
  const { answer: states } = useAnswer<readonly VersionCount[]>({
    path: "versions",
    // Where no host says of its processes, nobody knows the name, and that is no mistake.
    parameters: [["field", STATE], ["lenient", "true"], ...toParameters(filter)],
  });
  const pending = states?.body.find(({ value }) => value === RESTART_PENDING)?.count ?? 0;
  const saysStates = states?.body.some(({ value }) => value !== null);
  const { count = 0, silent = 0, problems = 0, behind } = facts;
  const pendingQ = formatFilter({
    conditions: [...filter.conditions, formatEquals(STATE, RESTART_PENDING)],
    text: "",
  });
  return (
    <dl class="strip">
      <Figure name={versions.answered} isWide>
        <b>{formatNumber(count)}</b> <span class="soft">{versions.of(formatNumber(count + silent))}</span>
        <Share whole={count + silent} part={count} />
      </Figure>
      <Figure name={versions.behind} tone={behind ? "behind" : undefined}>
        {behind === undefined ? (
          <Unknown />
        ) : (
          <a href={hrefWith({ only: parameters.only === "behind" ? undefined : "behind" })}>
            <b>{formatNumber(behind)}</b>
          </a>
        )}
      </Figure>
      <Figure name={versions.silent} tone={silent > 0 ? "behind" : undefined}>
        <a href={formatHref("/coverage", { q: parameters.q })}>
          <b>{formatNumber(silent)}</b>
        </a>
      </Figure>
      <Figure name={versions.restartPending} tone={pending > 0 ? "behind" : undefined}>
        {saysStates === false ? (
          <Unknown />
        ) : (
          <a href={formatHref("/hosts", { q: pendingQ })}>
            <b>{states ? formatNumber(pending) : "…"}</b>
          </a>
        )}
      </Figure>
      <Figure name={versions.setAside} tone={problems > 0 ? "broken" : undefined}>
        <a href={formatHref("/coverage", { q: parameters.q })}>
          <b>{formatNumber(problems)}</b>
        </a>
      </Figure>
    </dl>
  );
}

function Unknown() {
  const { words } = useSpeech();
  return <span class="soft">{words.versions.cannotBeTold}</span>;
}

function Figure({
  name,
  tone,
  isWide = false,
  children,
}: {
  readonly name: string;
  readonly tone?: "behind" | "broken" | undefined;
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <div class={isWide ? "wide" : undefined}>
      <dt>{name}</dt>
      <dd class={tone}>{children}</dd>
    </div>
  );
}

/** A bar: what is there, and what is missing of it. */
function Share({ whole, part }: { readonly whole: number; readonly part: number }) {
  if (whole === 0) return null;
  return (
    <span class="bar" aria-hidden="true">
      <i style={{ width: `${(100 * part) / whole}%` }} />
    </span>
  );
}
