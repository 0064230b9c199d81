// A basket counts at once: what was changed is sent by itself, one request at a time, and
// the sums of the answer take the place of those shown. What the server refuses goes back
// to what it was. Without this file the form has a button.
import { post } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const WAIT_MS = 300; // somebody presses + four times and means four

const form = document.querySelector("form[data-basket]");
const waiting = new Set();
let isBusy = false;
let timer;

const controls = (item) => [...item.querySelectorAll("input:not([type=hidden])")];
const stateOf = (control) => (control.type === "checkbox" ? control.checked : control.value);

function setTo(control, state) {
  if (control.type === "checkbox") control.checked = state;
  else control.value = state;
}

function remember(item) {
  for (const control of controls(item)) control.kept = stateOf(control);
  mark(item);
}

// How it looks as soon as it is pressed; the server says the same, or it goes back.
function mark(item) {
  const [bought, quantity] = controls(item);
  item.toggleAttribute("data-bought", bought.checked);
  item.toggleAttribute("data-left-out", Number(quantity.value) === 0 && !item.hasAttribute("data-sold-out"));
}

function fieldsOf(items) {
  const fields = [];
  for (const item of items) {
    fields.push(["pin", item.dataset.item]);
    for (const control of controls(item)) {
      if (control.type !== "checkbox") fields.push([control.name, control.value]);
      else if (control.checked) fields.push([control.name, "on"]);
    }
  }
  return fields;
}

function showFrom(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = page.getElementById(part.id);
    if (newer) part.replaceChildren(...newer.childNodes);
  }
}

async function send() {
  if (isBusy) return;
  isBusy = true;
  while (waiting.size) {
    const items = [...waiting];
    waiting.clear();
    const sent = new Map(items.flatMap(controls).map((control) => [control, stateOf(control)]));
    try {
      showFrom(await (await post(form.action, fieldsOf(items))).text());
      for (const [control, state] of sent) control.kept = state;
    } catch {
      for (const control of sent.keys()) setTo(control, control.kept);
      items.forEach(mark);
      toast(word("notDone"));
    }
  }
  isBusy = false;
}

function changed(item) {
  mark(item);
  // What the browser itself refuses waits for its next change.
  if (!controls(item).every((control) => control.checkValidity())) return;
  waiting.add(item);
  clearTimeout(timer);
  timer = setTimeout(send, WAIT_MS);
}

if (form) {
  for (const item of form.querySelectorAll("[data-item]")) remember(item);
  for (const part of form.querySelectorAll("[data-needless]")) part.hidden = true;
  document.getElementById("basket-sums").setAttribute("aria-live", "polite");

  form.addEventListener("change", (event) => changed(event.target.closest("[data-item]")));
  form.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    event.preventDefault();
    const item = step.closest("[data-item]");
    const quantity = item.querySelector("input[type=number]");
    quantity[step.dataset.step > 0 ? "stepUp" : "stepDown"]();
    changed(item);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.reportValidity()) send();
  });
  // Leaving at once must not lose the last press.
  addEventListener("pagehide", () => {
    if (!waiting.size) return;
    const body = new URLSearchParams(fieldsOf([...waiting]));
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    navigator.sendBeacon(form.action, body);
  });
}

for (const button of document.querySelectorAll("[data-copy-list]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      const reply = await fetch(button.dataset.copyList, { credentials: "same-origin" });
      if (!reply.ok) throw new Error(reply.status);
      await navigator.clipboard.writeText(await reply.text());
      toast(word("listCopied"));
    } catch {
      toast(word("notDone"));
    }
  });
}
