// A report as a tree, read from its own text: numbers stay as the host wrote them, members in their
// order, and no object gets a host's names for its keys.

export type Node =
  | { readonly kind: "object"; readonly members: readonly (readonly [key: string, value: Node])[] }
  | { readonly kind: "array"; readonly elements: readonly Node[] }
  /** `text` is what a filter compares; `isString` where it stands in quotes. */
  | { readonly kind: "scalar"; readonly text: string; readonly isString: boolean };

const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/gs;

/** Deeper than any report may be. */
const MAX_DEPTH = 64;

/** Reads JSON that a browser's own JSON.parse takes. @throws SyntaxError */
export function parseTree(text: string): Node {
  JSON.parse(text);
  const tokens = text.matchAll(TOKEN);
  const next = (): string => (tokens.next().value as RegExpExecArray | undefined)?.[0] ?? "";

  function read(token: string, depth: number): Node {
    if (depth > MAX_DEPTH) throw new SyntaxError("the report is too deep");
    if (token === "{") return readObject(depth);
    if (token === "[") return readArray(depth);
    return token.startsWith('"')
      ? { kind: "scalar", text: JSON.parse(token) as string, isString: true }
      : { kind: "scalar", text: token, isString: false };
  }

  function readObject(depth: number): Node {
    const members: (readonly [string, Node])[] = [];
    for (let token = next(); token !== "}"; token = next()) {
      if (token === ",") continue;
      next();
      members.push([JSON.parse(token) as string, read(next(), depth + 1)]);
    }
    return { kind: "object", members };
  }

  function readArray(depth: number): Node {
    const elements: Node[] = [];
    for (let token = next(); token !== "]"; token = next())
      if (token !== ",") elements.push(read(token, depth + 1));
    return { kind: "array", elements };
  }

  return read(next(), 0);
}

/** What lies at a path of keys; undefined where there is no such member. */
export function findNode(node: Node | undefined, ...keys: readonly string[]): Node | undefined {
  let at = node;
  for (const key of keys)
    at = at?.kind === "object" ? at.members.find(([own]) => own === key)?.[1] : undefined;
  return at;
}

/** The text of a value; undefined for an object, an array and nothing. */
export function findText(node: Node | undefined, ...keys: readonly string[]): string | undefined {
  const found = findNode(node, ...keys);
  return found?.kind === "scalar" ? found.text : undefined;
}

/** One line of the tree as it is shown. */
export interface TreeLine {
  readonly depth: number;
  /** Undefined for an element of an array. */
  readonly key: string | undefined;
  readonly node: Node;
  /** The keys from the top, without places in arrays: as a filter goes. */
  readonly path: readonly string[];
  /** Tells it from all others. */
  readonly id: string;
}

/**
 * The lines of a tree, those of what is closed left out.
 *
 * @param needle a text that a line has in its key or value, and what such lines lie in; "" for all
 */
export function listTreeLines(root: Node, closed: ReadonlySet<string>, needle: string): TreeLine[] {
  const lines: TreeLine[] = [];
  const wanted = needle.toLowerCase();

  /** @returns whether some line of it stays */
  function add(line: TreeLine, isInside: boolean): boolean {
    const { node, id, depth, path } = line;
    const isMatch = isInside || hasText(line, wanted);
    const at = lines.length;
    lines.push(line);
    let isAny = isMatch;
    if (wanted !== "" || !closed.has(id))
      for (const [index, [key, child]] of listChildren(node).entries()) {
        const inner = {
          depth: depth + 1,
          key,
          node: child,
          path: key === undefined ? path : [...path, key],
          id: `${id}/${index}`,
        };
        isAny = add(inner, isMatch && wanted !== "") || isAny;
      }
    if (!isAny) lines.length = at;
    return isAny;
  }

  for (const [index, [key, child]] of listChildren(root).entries())
    add(
      { depth: 0, key, node: child, path: key === undefined ? [] : [key], id: String(index) },
      wanted === "",
    );
  return lines;
}

function hasText({ key, node }: TreeLine, wanted: string): boolean {
  return (
    (key?.toLowerCase().includes(wanted) ?? false) ||
    (node.kind === "scalar" && node.text.toLowerCase().includes(wanted))
  );
}

function listChildren(node: Node): readonly (readonly [string | undefined, Node])[] {
  if (node.kind === "object") return node.members;
  return node.kind === "array" ? node.elements.map((element) => [undefined, element] as const) : [];
}
