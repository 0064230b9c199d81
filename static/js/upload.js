// Pictures of the composer go one by one, each with its own progress, so that one that
// fails stops no other and is tried again alone. The form does the same without this.
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const form = document.querySelector("form[data-composer]");
const input = form?.querySelector("input[type=file]");
const AT_ONCE = 2;

let list;
let isBusy = false;
let board; // of the last picture that went through, as its page names it

const make = (tag, props, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

function rowOf(file) {
  const bar = make("progress", { max: 1, value: 0 });
  bar.setAttribute("aria-label", file.name);
  const state = make("span", { className: "upload-state", textContent: word("waiting") });
  const row = make("li", { className: "upload" }, make("b", { textContent: file.name }), bar, state);
  list.append(row);
  return { file, row, bar, state };
}

/** Sends one file with the words of the form; resolves with the page of its pin. */
function send({ file, bar }) {
  const fields = new FormData(form);
  fields.delete("image");
  fields.append("image", file);
  // A new board is made by the first picture that goes through; the others go there.
  if (board && fields.get("new_board")) {
    fields.set("board", board.match(/\d+/)[0]);
    fields.delete("new_board");
  }
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", ({ loaded, total }) => { bar.value = total ? loaded / total : 0; });
    request.addEventListener("error", () => reject(new Error(word("notDone"))));
    request.addEventListener("load", () => {
      const { pathname } = new URL(request.responseURL);
      if (request.status === 200 && /^\/pins\/\d+\/$/.test(pathname)) return resolve({ pin: pathname, page: request.response });
      if (pathname.startsWith("/accounts/")) return location.assign(request.responseURL);
      const told = request.response?.querySelector(".error, main p")?.textContent.trim();
      reject(new Error(told || word("notDone")));
    });
    request.send(fields);
  });
}

async function upload(item) {
  item.row.removeAttribute("data-failed");
  item.state.textContent = word("uploading");
  try {
    const { pin, page } = await send(item);
    item.bar.value = 1;
    item.pin = pin;
    board = page.querySelector(".close-up .who a[href^='/boards/']")?.getAttribute("href") ?? board;
    item.state.replaceChildren(make("a", { className: "link", href: pin, textContent: word("pinned") }));
  } catch (error) {
    item.row.toggleAttribute("data-failed", true);
    const again = make("button", { type: "button", className: "btn btn-s", textContent: word("tryAgain") });
    again.addEventListener("click", async () => {
      await upload(item);
      finish();
    });
    item.state.replaceChildren(make("span", { textContent: error.message }), again);
  }
}

async function all() {
  const waiting = list.items.filter(({ pin }) => !pin); // sent again, only what failed
  const isNew = Boolean(form.elements.namedItem("new_board")?.value.trim());
  while (isNew && !board && waiting.length) await upload(waiting.shift());
  const lane = async () => {
    while (waiting.length) await upload(waiting.shift());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  isBusy = false;
  removeEventListener("beforeunload", warn);
  finish();
}

function finish() {
  if (list.items.some(({ pin }) => !pin)) return toast(word("someFailed"));
  location.assign(list.items.length === 1 ? list.items[0].pin : board);
}

function begin() {
  list?.remove();
  list = make("ul", { className: "uploads" });
  list.setAttribute("role", "list");
  input.closest("[data-drop]").after(list);
  list.files = input.files;
  list.items = [...input.files].map(rowOf);
  board = undefined;
}

const warn = (event) => event.preventDefault();

form?.addEventListener("submit", (event) => {
  if (!input.files.length) return;
  event.preventDefault();
  if (isBusy) return;
  isBusy = true;
  addEventListener("beforeunload", warn);
  if (list?.files !== input.files) begin();
  all();
});
