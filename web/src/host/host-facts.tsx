// What is known of a report beside its content: when it came, the host's clock, where it lies, what
// made it.
import type { ComponentChildren } from "preact";
import { useSpeech } from "../words/language.tsx";
import { findText, type Node } from "./report-tree.ts";

/** A clock that is off by more is worth a look; s. Uploads take their time too. */
const SKEW_SECONDS = 120;

export function HostFacts({ tree, received }: { readonly tree: Node; readonly received: number }) {
  const { words, formatTime, formatTimeAndOffset, formatDuration } = useSpeech();
  const { host } = words;
  const own = (...keys: readonly string[]) => findText(tree, "rollcall", ...keys);
  const skew = Number(own("reader", "clock_skew_seconds") ?? "0");
  const [edition, digest] = [own("spec_edition"), own("spec")];
  const value = (text: string | undefined) => text !== undefined && <bdi class="value">{text}</bdi>;
  return (
    <section class="card">
      <h2>{host.about}</h2>
      <dl class="facts">
        <Fact name={host.received}>
          {Number.isNaN(received) ? undefined : (
            <time dateTime={new Date(received).toISOString()} title={formatTimeAndOffset(received)}>
              {formatTime(received)}
            </time>
          )}
        </Fact>
        <Fact name={host.updated}>{value(findText(tree, "update_date"))}</Fact>
        <Fact name={host.skew}>
          <span class={Math.abs(skew) > SKEW_SECONDS ? "behind" : undefined}>
            {skew === 0
              ? host.noSkew
              : skew > 0
                ? host.ahead(formatDuration(skew * 1000))
                : host.late(formatDuration(-skew * 1000))}
          </span>
        </Fact>
        <Fact name={host.started}>{value(findText(tree, "os_start_date"))}</Fact>
        <Fact name={host.account}>
          {value(own("reader", "account") === "null" ? undefined : own("reader", "account"))}
        </Fact>
        <Fact name={host.region}>{value(own("region"))}</Fact>
        <Fact name={host.place}>{value(own("reader", "key"))}</Fact>
        <Fact name={host.agent}>{value(own("agent"))}</Fact>
        <Fact name={host.spec}>
          {(edition !== undefined || digest !== undefined) && (
            <>
              {edition !== undefined && host.edition(edition)} {value(digest)}
            </>
          )}
        </Fact>
        <Fact name={host.specRefused}>
          {own("spec_refused", "detail") !== undefined && (
            <span class="behind">{value(own("spec_refused", "detail"))}</span>
          )}
        </Fact>
      </dl>
    </section>
  );
}

/** A row; none where nothing is known. */
function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  if (children === undefined || children === false) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
