// The format properties: Java's java.util.Properties.
import { Properties } from "properties-file/parser";
import { addMember, makeMembers, type Parsed, takeLast } from "./tree.ts";

/** @throws Error where an escape is none; it quotes the text */
export function parseProperties(text: string): Parsed {
  const tree = makeMembers();
  for (const { key, value } of new Properties(text).getProperties()) addMember(tree, key, value, takeLast);
  return { tree };
}
