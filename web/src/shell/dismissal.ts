// How a panel is closed: by Escape, and by a click or the focus that goes elsewhere.
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Closes a `<details>` as people expect of a menu; Escape leads back to what opened it. */
export function useDismissal(place: RefObject<HTMLDetailsElement | null>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const panel = place.current;
      if (event.key !== "Escape" || !panel?.open) return;
      event.stopPropagation();
      panel.open = false;
      panel.querySelector("summary")?.focus();
    };
    const onElsewhere = ({ target }: Event) => {
      const panel = place.current;
      if (panel?.open && target instanceof Node && !panel.contains(target)) panel.open = false;
    };
    document.addEventListener("keydown", onKey, true);
    document.addEventListener("pointerdown", onElsewhere);
    document.addEventListener("focusin", onElsewhere);
    return () => {
      document.removeEventListener("keydown", onKey, true);
      document.removeEventListener("pointerdown", onElsewhere);
      document.removeEventListener("focusin", onElsewhere);
    };
  }, [place]);
}
