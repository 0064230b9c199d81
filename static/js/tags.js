// Tags that others wrote so far, offered under the line while one types the next. The
// line is read by its commas; without this file one writes them all by hand.
const SLOW_MS = 150;
const LINE = "input[data-tags]";

let list;
let field; // whose suggestions these are
let timer;
let asked = 0;

/** What stands before the tag under the caret, the tag, and what comes after it. */
function parts() {
  const at = field.selectionStart ?? field.value.length;
  const start = Math.max(...[",", "，", "、", ";", "；"].map((sign) => field.value.lastIndexOf(sign, at - 1)), field.value.lastIndexOf("#", at - 1)) + 1;
  const after = field.value.slice(at).search(/[,，、;；#]/);
  const end = after < 0 ? field.value.length : at + after;
  return { before: field.value.slice(0, start), tag: field.value.slice(start, end).trim(), after: field.value.slice(end) };
}

const options = () => [...list.children];
const active = () => list.querySelector("[aria-selected=true]");
const isOpen = () => Boolean(list?.matches(":popover-open"));

function close() {
  clearTimeout(timer);
  asked += 1; // an answer on its way is late
  if (!isOpen()) return;
  list.hidePopover();
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function mark(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else field.removeAttribute("aria-activedescendant");
}

function pick(option) {
  const { before, after } = parts();
  const lead = /[^\s#]$/.test(before) ? `${before} ` : before;
  const next = before.includes("#") || after ? after : ", ";
  field.value = `${lead}${option.dataset.name}${next}`;
  const caret = lead.length + option.dataset.name.length + (after ? 0 : next.length);
  field.setSelectionRange(caret, caret);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  close();
}

function optionOf({ name, pins }, number) {
  const option = document.createElement("li");
  option.id = `tag-option-${number}`;
  option.role = "option";
  option.dataset.name = name;
  option.setAttribute("aria-selected", "false");
  option.append(Object.assign(document.createElement("b"), { textContent: `#${name}`, dir: "auto" }));
  option.append(Object.assign(document.createElement("span"), { className: "n", textContent: pins }));
  return option;
}

function place() {
  list ??= document.createElement("ul");
  list.className = "tag-options";
  list.id = "tag-options";
  list.role = "listbox";
  list.popover = "manual";
  list.setAttribute("aria-label", field.labels?.[0]?.textContent.trim() ?? "");
  field.after(list);
}

async function offer() {
  const { tag } = parts();
  const mine = (asked += 1);
  if (!tag) return close();
  try {
    const reply = await fetch(`/tags/?q=${encodeURIComponent(tag)}`, { headers: { Accept: "application/json" } });
    const { items } = await reply.json();
    if (mine !== asked || document.activeElement !== field) return;
    const written = field.value.split(/[,，、;；#]/).map((text) => text.trim().toLowerCase());
    const left = items.filter(({ name }) => name.toLowerCase() === tag.toLowerCase() || !written.includes(name.toLowerCase()));
    if (!left.length || (left.length === 1 && left[0].name === tag)) return close();
    place();
    list.replaceChildren(...left.map(optionOf));
    list.showPopover({ source: field }); // whose width and place it takes
    field.setAttribute("aria-expanded", "true");
  } catch {
    close(); // they are an offer, nothing more
  }
}

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches(LINE)) return;
  field = target;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": "tag-options", "aria-expanded": "false" })) field.setAttribute(name, value);
});
document.addEventListener("focusout", ({ target }) => {
  if (target === field) close();
});
document.addEventListener("input", ({ target, isComposing }) => {
  if (target !== field || isComposing) return; // half a Chinese word is no word
  clearTimeout(timer);
  timer = setTimeout(offer, SLOW_MS);
});
document.addEventListener("compositionend", ({ target }) => {
  if (target === field) offer();
});
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest(".tag-options [role=option]");
  if (!option) return;
  event.preventDefault(); // the line keeps the focus
  pick(option);
});
document.addEventListener("keydown", (event) => {
  if (event.target !== field || !isOpen() || event.isComposing) return;
  const all = options();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const at = all.indexOf(active());
    mark(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step]);
  } else if (event.key === "Enter" && active()) pick(active());
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
