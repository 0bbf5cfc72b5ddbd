// Sections and keys as the dialects of INI have them: keys that stand before any section are the
// text's own.
import { AmbiguousValue, addMember, type DuplicateKeyRule, type Members, makeMembers } from "./tree.ts";

const MIXED = new AmbiguousValue("stands in the text both as a key and as a section");

/** A tree that grows line by line. */
export class SectionTree {
  readonly tree: Members = makeMembers();
  readonly #sections = new Map<string, { readonly members: Members; isRepeated: boolean }>();
  #current: Members = this.tree;
  #last: string | undefined;

  /** Whether a section has begun. */
  get isInSection(): boolean {
    return this.#current !== this.tree;
  }

  open(name: string): void {
    const known = this.#sections.get(name);
    if (known) known.isRepeated = true;
    const members = known?.members ?? makeMembers();
    if (!known) {
      this.#sections.set(name, { members, isRepeated: false });
      addMember(this.tree, name, members, () => MIXED);
    }
    this.#current = members;
    this.#last = undefined;
  }

  add(key: string, node: unknown, repeat: DuplicateKeyRule): void {
    addMember(this.#current, key, node, repeat);
    this.#last = key;
  }

  /** Marks the last key's value as ambiguous. */
  markLastAmbiguous(value: AmbiguousValue): void {
    if (this.#last !== undefined) this.#current[this.#last] = value;
  }

  /** Tells of each value of a section that stands there more than once that it does. */
  tellRepeatedSections(): void {
    for (const { members, isRepeated } of this.#sections.values()) {
      if (!isRepeated) continue;
      for (const [key, node] of Object.entries(members)) {
        members[key] = new AmbiguousValue("is in a section that stands in the text more than once", { node });
      }
    }
  }
}
