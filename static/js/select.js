// Choosing many pins: how many they are, and a range by Shift.
import { word } from "pinboard/words";

const PICK = "input[type=checkbox][form=bulk]"; // on the cards
const form = document.querySelector("[data-bulk]");
const boxes = () => [...document.querySelectorAll(PICK)];
let last;

function count() {
  const all = form.querySelector("[data-bulk-all]").checked;
  const chosen = boxes().filter((box) => box.checked).length;
  const number = form.querySelector("[data-bulk-count]");
  number.hidden = all || !chosen;
  number.textContent = chosen;
  form.querySelector("[data-bulk-hint]").hidden = all;
  form.querySelector("[data-bulk-hint]").textContent = word(chosen ? "chosen" : "choosePins");
  for (const box of boxes()) box.disabled = all;
}

if (form) {
  document.addEventListener("click", ({ target, shiftKey }) => {
    if (!target.matches(PICK)) return;
    if (shiftKey && last) {
      const all = boxes();
      const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((one, other) => one - other);
      for (const box of all.slice(from, to + 1)) box.checked = target.checked;
    }
    last = target;
    count();
  });
  form.addEventListener("change", count);
  count(); // a page that came back may remember what was chosen
}
