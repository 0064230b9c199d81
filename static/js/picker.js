// The boards to save to, as a list under the button. It is the page of the same link,
// read when it is asked for; without this file the link leads there.
import { save } from "pinboard/save";
import { word } from "pinboard/words";

const make = (tag, props, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

const SVG = "http://www.w3.org/2000/svg";

function icon(name) {
  const sprite = document.querySelector(".icon use").getAttribute("href").split("#")[0];
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(document.createElementNS(SVG, "use"));
  drawing.firstChild.setAttribute("href", `${sprite}#${name}`);
  return drawing;
}

let boards; // of this reader, kept for the life of the page
let opener;
let address;

const list = make("ul", { role: "list", className: "list" });
const find = make("input", { type: "search", id: "board-find", placeholder: word("findBoard"), autocomplete: "off" });
const heading = make("h2", { id: "board-pop-h", textContent: word("saveTo") });
const label = make("label", { className: "vh", htmlFor: "board-find", textContent: word("findBoard") });
const suggest = make(
  "a",
  { className: "pick" },
  make("span", { className: "add" }, icon("share")),
  make("b", { textContent: word("suggestTo") }),
);
const pop = make(
  "div",
  { className: "pop", id: "board-pop", popover: "auto", role: "dialog" },
  heading,
  make("div", { className: "find" }, make("div", { className: "search" }, icon("search"), label, find)),
  list,
  make("div", { className: "list" }, suggest),
);
pop.setAttribute("aria-labelledby", heading.id);

async function load() {
  const reply = await fetch(address, { headers: { Accept: "text/html" } });
  if (!reply.ok || reply.redirected) throw new Error(reply.status);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  return [...page.querySelectorAll("input[type=radio][name=board]")].map((radio) => ({
    value: radio.value,
    title: radio.closest("label").textContent.trim(),
  }));
}

const pick = (text, fields) => {
  const mark = make("span", { className: "add" }, icon("board" in fields ? "pin" : "plus"));
  const button = make("button", { type: "button", className: "pick" }, mark, make("b", { textContent: text }));
  button.addEventListener("click", () => choose(fields));
  return make("li", {}, button);
};

function choose(fields) {
  pop.hidePopover();
  if ("new_board" in fields) boards = undefined;
  save(address, { ...fields, next: "/preferences/" });
}

function show() {
  const wanted = find.value.trim();
  const found = boards.filter(({ title }) => title.toLowerCase().includes(wanted.toLowerCase()));
  const items = found.map(({ value, title }) => pick(title, { board: value }));
  const isNew = wanted && !found.some(({ title }) => title.toLowerCase() === wanted.toLowerCase());
  if (isNew) items.push(pick(`${word("newBoard")}: ${wanted}`, { new_board: wanted }));
  list.replaceChildren(...items);
  suggest.href = address.replace("/save/", "/suggest/");
}

find.addEventListener("input", show);
pop.addEventListener("keydown", (event) => {
  const rows = [...list.querySelectorAll("button"), suggest];
  if (event.key === "Enter" && event.target === find) {
    event.preventDefault();
    list.querySelector("button")?.click();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const place = rows.indexOf(document.activeElement) + step;
  (rows[place] ?? (place < 0 ? find : suggest)).focus();
});
pop.addEventListener("toggle", ({ newState }) => {
  if (newState === "closed") opener?.focus({ preventScroll: true });
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-choose]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  opener = link;
  address = link.getAttribute("href");
  try {
    boards ??= await load();
  } catch {
    location.assign(address);
    return;
  }
  if (!pop.isConnected) document.body.append(pop);
  find.value = "";
  show();
  pop.showPopover({ source: link });
  (list.querySelector("button") ?? find).focus();
});
