// The format yaml: one document. js-yaml takes time linear in the text, which is why it reads files
// and the `yaml` of specs does not.
import {
  boolCoreTag,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  FAILSAFE_SCHEMA,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullCoreTag,
  YAMLException,
} from "js-yaml";
import { keepNumber, type Members, makeMembers, type Parsed } from "./tree.ts";

const COMPLEX_KEY = "has a key that is no plain text";

/**
 * What js-yaml (5.5) says is wrong, by how it begins, and what we say of it: it gives no codes.
 * Other reasons may quote the text. formats.test.ts and cost.test.ts have js-yaml say them all.
 */
const REASONS: readonly (readonly [start: string, fault: string])[] = [
  ["duplicated mapping key", "has a key twice in one mapping"],
  [COMPLEX_KEY, COMPLEX_KEY],
  ["nesting exceeded", "is nested too deeply for yaml"],
  ["merge keys exceeded", "merges too many keys (<<)"],
];

const mapping = {
  create: makeMembers,
  addPair: (members: Members, key: unknown, value: unknown): string => {
    if (typeof key === "object" && key !== null) return COMPLEX_KEY;
    members[String(key ?? "")] = value;
    return "";
  },
  has: (members: Members, key: unknown) => Object.hasOwn(members, String(key ?? "")),
  keys: (members: Members) => Object.keys(members),
  get: (members: Members, key: unknown) => members[String(key ?? "")],
  identify: () => false,
};

const sequence = {
  create: (): unknown[] => [],
  addItem: (items: unknown[], item: unknown): void => {
    items.push(item);
  },
  identify: () => false,
};

/**
 * A tag of any application's own (`!Ref`, `!vault`) or of YAML 1.1 changes nothing: the value is
 * what is written.
 */
const anyTags = ["!", "tag:"].flatMap((prefix) => [
  defineScalarTag(prefix, { matchByTagPrefix: true, resolve: (source) => source, identify: () => false }),
  defineSequenceTag(prefix, { matchByTagPrefix: true, ...sequence }),
  defineMappingTag(prefix, { matchByTagPrefix: true, ...mapping }),
]);

const schema = FAILSAFE_SCHEMA.withTags(
  nullCoreTag,
  boolCoreTag,
  defineScalarTag("tag:yaml.org,2002:float", {
    implicit: true,
    implicitFirstChars: [..."-0123456789"],
    resolve: (source, isExplicit) => {
      const number = keepNumber(source);
      return typeof number === "string" && !isExplicit ? NOT_RESOLVED : number;
    },
    identify: () => false,
  }),
  mergeTag,
  defineMappingTag("tag:yaml.org,2002:map", mapping),
  ...anyTags,
);

export function parseYaml(text: string): Parsed {
  try {
    const documents = loadAll(text, { schema });
    return documents.length > 1
      ? { fault: "holds more than one YAML document" }
      : { tree: documents[0] ?? null };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark ? `: line ${error.mark.line + 1}, column ${error.mark.column + 1}` : "";
    const [, fault = "is not yaml"] = REASONS.find(([start]) => error.reason.startsWith(start)) ?? [];
    return { fault: `${fault}${place}` };
  }
}
