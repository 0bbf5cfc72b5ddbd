// One line of the table of hosts: a host, or the head of a group. What hosts wrote stands there as
// text alone, and isolated, so that no direction of writing reaches its neighbours.
import type { ComponentChildren } from "preact";
import { memo } from "preact/compat";
import { AGE } from "../columns/chosen-hosts.ts";
import type { ShownGroup, ShownHost } from "../columns/messages.ts";
import { useSpeech } from "../words/language.tsx";
import type { BehindValues } from "./behind-values.ts";

export interface HostRowProps {
  readonly host: ShownHost;
  readonly columns: readonly string[];
  readonly line: number;
  readonly isActive: boolean;
  readonly href: string;
  readonly behind: BehindValues;
  /** How long ago the host was heard of, in words. */
  readonly age: string;
  readonly isSilent: boolean;
}

/** It is made anew only where what it shows has changed: there are up to a thousand of them. */
export const HostRow = memo(function HostRow(props: HostRowProps) {
  const { host, columns, line, isActive, href, behind, age, isSilent } = props;
  const { words } = useSpeech();
  let isFirst = true;
  return (
    <tr id={`line-${line}`} aria-rowindex={line + 2} aria-selected={isActive}>
      {columns.map((name, index) => {
        if (name === AGE)
          return (
            <td key={name} class={isSilent ? "number behind" : "number"}>
              {age}
              {isSilent && ` ${words.hosts.silentMark}`}
            </td>
          );
        const values = host.cells[index] ?? [];
        const isLink = isFirst;
        isFirst = false;
        const texts = isLink && values.length === 0 ? [host.id] : values;
        return (
          <td key={name}>
            {texts.length === 0 ? (
              <span class="soft">·</span>
            ) : (
              texts.map((text) => (
                <Value key={text} text={text} newest={behind.get(name)?.get(text)}>
                  {isLink ? (
                    <a href={href} tabIndex={-1}>
                      {text}
                    </a>
                  ) : (
                    text
                  )}
                </Value>
              ))
            )}
          </td>
        );
      })}
    </tr>
  );
});

function Value({
  text,
  newest,
  children,
}: {
  readonly text: string;
  readonly newest: string | undefined;
  readonly children: ComponentChildren;
}) {
  const { words } = useSpeech();
  if (newest === undefined)
    return (
      <bdi class="value" title={text.length > 24 ? text : undefined}>
        {children}
      </bdi>
    );
  const why = words.hosts.behind(newest);
  return (
    <bdi class="value old" title={why}>
      {children}
      <span class="unseen"> ({why})</span>
    </bdi>
  );
}

export function GroupRow({
  group: { value, count, isOpen },
  columns,
  line,
  isActive,
}: {
  readonly group: ShownGroup;
  readonly columns: number;
  readonly line: number;
  readonly isActive: boolean;
}) {
  const { words, formatNumber } = useSpeech();
  return (
    <tr
      id={`line-${line}`}
      class="group"
      aria-rowindex={line + 2}
      aria-selected={isActive}
      aria-expanded={isOpen}
    >
      <td colSpan={columns}>
        <span aria-hidden="true">{isOpen ? "▾ " : "▸ "}</span>
        {value === undefined ? (
          <span class="soft">{words.hosts.none}</span>
        ) : (
          <bdi class="value">{value}</bdi>
        )}{" "}
        <span class="soft">{words.hosts.inGroup(count, formatNumber(count))}</span>
      </td>
    </tr>
  );
}

/** A line that is on its way. */
export function ComingRow({ columns, line }: { readonly columns: number; readonly line: number }) {
  return (
    <tr id={`line-${line}`} aria-rowindex={line + 2}>
      <td colSpan={columns} class="soft">
        …
      </td>
    </tr>
  );
}
