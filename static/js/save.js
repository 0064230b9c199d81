// Save at once, tell the server after, offer a way back.
import { post, told } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const buttonsOf = (address) => document.querySelectorAll(
  `.save[formaction="${CSS.escape(address)}"], form[action="${CSS.escape(address)}"] .save`,
);

function mark(address, isSaved) {
  for (const button of buttonsOf(address)) {
    button.toggleAttribute("data-saved", isSaved);
    if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", isSaved);
    const label = button.querySelector("[data-label]");
    if (label) label.textContent = word(isSaved ? "saved" : "save");
  }
}

const underWay = new Set();

/** Save the pin behind `address`; `fields` say the board. A double press is one save. */
export async function save(address, fields) {
  if (underWay.has(address)) return;
  underWay.add(address);
  mark(address, true);
  try {
    const { text, undo } = await told(await post(address, fields));
    toast(text || word("saved"), { undo: undo && (() => takeBack(address, undo)) });
  } catch {
    mark(address, false);
    toast(word("notSaved"));
  } finally {
    underWay.delete(address);
  }
}

async function takeBack(address, undo) {
  mark(address, false);
  try {
    await post(undo, { next: "/preferences/" });
    toast(word("removed"));
  } catch {
    mark(address, true);
    toast(word("notDone"));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.id !== "save" && !form.matches("[data-save]")) return;
  event.preventDefault();
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action");
  const board = button?.value || form.elements.namedItem("board")?.value;
  save(address, { board, next: "/preferences/" });
});
