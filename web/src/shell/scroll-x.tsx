// What is wider than the screen scrolls in itself, by the keyboard too.
import type { ComponentChildren } from "preact";

export function ScrollX({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="scroll-x" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
