// Keyboard: one table of keys a page; silent while somebody types, a dialog is open or a modifier is held.

export type KeyTable = Record<string, (event: KeyboardEvent) => void>;

const TYPING = "input, textarea, select, [contenteditable='true'], [role='combobox'], [role='listbox'], [role='menu']";
const PRESSING = "button, a[href], summary, [role='button'], [role='switch']";

/** The name a table uses: letters in lower case whatever Caps Lock says, "Shift+ArrowLeft" for shifted arrows, "Space". */
export function keyName(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : key;
}

function dialogOpen(): boolean {
  return [...document.querySelectorAll("[role='dialog'][aria-modal='true']")].some((d) => (d as HTMLElement).offsetParent !== null || d.getClientRects().length > 0);
}

/**
 * Binds a table to the document; the answer unbinds it. Enter and Space stay with a button or link that the keyboard came to; after a
 * click with the pointer Space is the table's, so that choosing a flag and then pausing does not choose it again.
 */
export function bindKeys(table: KeyTable): () => void {
  let clicked: Element | null = null;
  const pressed = (event: PointerEvent): void => {
    clicked = event.target instanceof Element ? event.target.closest(PRESSING) : null;
  };
  const handler = (event: KeyboardEvent): void => {
    if (event.key === "Tab") clicked = null;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = keyName(event);
    const action = table[name];
    if (!action) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest(TYPING)) return;
    const pressing = name === "Enter" || name === "Space" ? target?.closest<HTMLElement>(PRESSING) : null;
    if (pressing && (name === "Enter" || pressing !== clicked)) return;
    if (dialogOpen()) return;
    pressing?.blur();
    event.preventDefault();
    action(event);
  };
  document.addEventListener("pointerdown", pressed, true);
  document.addEventListener("keydown", handler);
  return () => {
    document.removeEventListener("pointerdown", pressed, true);
    document.removeEventListener("keydown", handler);
  };
}
