import { word } from "pinboard/words";

const SHOWN_MS = 10_000;
const region = document.getElementById("toasts");
let timer;

const close = () => {
  clearTimeout(timer);
  region.replaceChildren();
  if (region.popover) region.hidePopover();
};

/** One message at a time. It waits while the pointer or the focus is on it. */
function show(box) {
  // In the top layer, so that it lies over dialogs too.
  region.popover = "manual";
  region.replaceChildren(box);
  region.showPopover();
  const start = () => {
    clearTimeout(timer);
    timer = setTimeout(close, SHOWN_MS);
  };
  for (const kind of ["pointerenter", "focusin"]) box.addEventListener(kind, () => clearTimeout(timer));
  for (const kind of ["pointerleave", "focusout"]) box.addEventListener(kind, start);
  start();
}

/** `undo` is called when the reader takes it back. */
export function toast(text, { undo } = {}) {
  const box = Object.assign(document.createElement("div"), { className: "toast" });
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { className: "btn", type: "button", textContent: word("undo") });
    button.addEventListener("click", () => { close(); undo(); });
    box.append(button);
  }
  show(box);
}

const waiting = region?.querySelector("[data-toast]:last-of-type");
if (waiting) show(waiting);
