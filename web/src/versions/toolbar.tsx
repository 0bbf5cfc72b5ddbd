// Above the matrix: by what its columns are divided, which fields it has, and whether only what is
// behind stands there.
import { useRef, useState } from "preact/hooks";
import { useParameters } from "../address/parameters.ts";
import type { components } from "../api/openapi.d.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useDismissal } from "../shell/dismissal.ts";
import { useSpeech } from "../words/language.tsx";
import { formatBy, formatFields, isListable, MAX_BY, MAX_FIELDS, readChoices } from "./choices.ts";
import { FieldName } from "./table.tsx";

type Field = components["schemas"]["Field"];

/** Fields and labels that are offered at a time. */
const MAX_OFFERED = 100;

/** @param shownFields those of the answer, in its order */
export function Toolbar({ shownFields }: { readonly shownFields: readonly string[] }) {
  const { words, formatNumber } = useSpeech();
  const { versions } = words;
  const { parameters, change, hrefWith } = useParameters();
  const { by, fields, isOnlyBehind } = readChoices(parameters);
  const chosen = fields.length > 0 ? fields : shownFields;
  return (
    <div class="toolbar">
      <span class="soft">{versions.columns}</span>
      {by.map((name) => (
        <span key={name} class="chip">
          <bdi>{name}</bdi>
          <button
            type="button"
            aria-label={versions.removeColumn(name)}
            onClick={() => change({ by: formatBy(by.filter((one) => one !== name)) })}
          >
            ×
          </button>
        </span>
      ))}
      {by.length < MAX_BY && (
        <Picker
          label={versions.addColumn}
          name={`${versions.columns}: ${versions.addColumn}`}
          except={by}
          isLabelFirst
          onPick={(name) => change({ by: formatBy([...by, name]) })}
        />
      )}
      <span class="gap" />
      <label class="check">
        <input
          type="checkbox"
          checked={isOnlyBehind}
          onChange={() => change({ only: isOnlyBehind ? undefined : "behind" })}
        />
        {versions.onlyBehind}
      </label>
      <Picker
        label={`${versions.fields}: ${
          fields.length === 0
            ? versions.allFields(formatNumber(shownFields.length))
            : versions.someFields(formatNumber(fields.length))
        }`}
        name={versions.chooseFields}
        except={chosen}
        isFull={chosen.length >= MAX_FIELDS}
        onPick={(name) => change({ fields: formatFields([...chosen, name]) })}
      >
        <ChosenFields
          chosen={chosen}
          resetHref={fields.length > 0 ? hrefWith({ fields: undefined }) : undefined}
          onChange={(next) => change({ fields: formatFields(next) })}
        />
      </Picker>
    </div>
  );
}

/** The fields that are shown: taken away, and put into another order. */
export function ChosenFields({
  chosen,
  resetHref,
  onChange,
}: {
  readonly chosen: readonly string[];
  readonly resetHref: string | undefined;
  readonly onChange: (fields: readonly string[]) => void;
}) {
  const { words } = useSpeech();
  const { versions } = words;
  const move = (from: number, to: number) => {
    const next = [...chosen];
    next.splice(to, 0, ...next.splice(from, 1));
    onChange(next);
  };
  return (
    <>
      <h2>{versions.chosen}</h2>
      <ol>
        {chosen.map((name, index) => (
          <li key={name}>
            <label class="check">
              <input
                type="checkbox"
                checked
                disabled={chosen.length === 1}
                onChange={() => onChange(chosen.filter((one) => one !== name))}
              />
              <FieldName field={name} />
            </label>
            <button
              type="button"
              aria-label={versions.moveUp(name)}
              disabled={index === 0}
              onClick={() => move(index, index - 1)}
            >
              ↑
            </button>
            <button
              type="button"
              aria-label={versions.moveDown(name)}
              disabled={index === chosen.length - 1}
              onClick={() => move(index, index + 1)}
            >
              ↓
            </button>
          </li>
        ))}
      </ol>
      {resetHref !== undefined && (
        <p>
          <a href={resetHref}>{versions.reset}</a>
        </p>
      )}
      <h2>{versions.more}</h2>
    </>
  );
}

interface PickerProps {
  readonly label: string;
  /** What it is for, to who does not see where it stands. */
  readonly name: string;
  /** Names that are not offered. */
  readonly except: readonly string[];
  readonly isLabelFirst?: boolean;
  /** Whether no more can be picked. */
  readonly isFull?: boolean;
  readonly onPick: (name: string) => void;
  readonly children?: preact.ComponentChildren;
}

/** A panel with the names that there are, fetched when it is opened. */
export function Picker({ label, name, except, isLabelFirst, isFull, onPick, children }: PickerProps) {
  const place = useRef<HTMLDetailsElement>(null);
  const [isOpen, setOpen] = useState(false);
  const { words, formatNumber } = useSpeech();
  const { versions } = words;
  useDismissal(place);
  return (
    <details class="panel-holder" ref={place} onToggle={() => setOpen(place.current?.open ?? false)}>
      <summary class="button" aria-label={name === label ? undefined : `${name}: ${label}`}>
        {label}
      </summary>
      {isOpen && (
        <div class="panel fields">
          {children}
          {isFull ? (
            <p class="soft">{versions.fullFields(formatNumber(MAX_FIELDS))}</p>
          ) : (
            <Names
              except={except}
              isLabelFirst={isLabelFirst ?? false}
              onPick={(picked) => {
                onPick(picked);
                if (!children && place.current) place.current.open = false;
              }}
            />
          )}
        </div>
      )}
    </details>
  );
}

function Names({
  except,
  isLabelFirst,
  onPick,
}: Pick<PickerProps, "except" | "onPick"> & { readonly isLabelFirst: boolean }) {
  const { words, formatNumber } = useSpeech();
  const { versions } = words;
  const [text, setText] = useState("");
  const { answer } = useAnswer<readonly Field[]>({ path: "fields" }, { isPolled: false });
  const needle = text.toLowerCase();
  const rank = ({ kinds, versions: holds }: Field) => Number(isLabelFirst ? kinds.includes("label") : holds);
  const found = (answer?.body ?? [])
    .filter(({ name }) => isListable(name) && !except.includes(name) && name.toLowerCase().includes(needle))
    .toSorted((a, b) => rank(b) - rank(a));
  return (
    <>
      <input
        class="text"
        aria-label={versions.findField}
        placeholder={versions.findField}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <ul>
        {found.slice(0, MAX_OFFERED).map(({ name, hosts }) => (
          <li key={name}>
            <button type="button" class="name-of-field" onClick={() => onPick(name)}>
              <FieldName field={name} />
              <span class="soft">{formatNumber(hosts)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > MAX_OFFERED && (
        <p class="soft">{versions.moreFields(formatNumber(found.length - MAX_OFFERED))}</p>
      )}
      {answer?.facts.cuts.has("names") && <p class="soft">{versions.namesCut}</p>}
    </>
  );
}
