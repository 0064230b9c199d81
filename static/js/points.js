// Products are put into a picture where it is pressed, and moved by the pointer or the arrow
// keys. The form beside it says the same in numbers; without this file it is all there is.
import { post, token } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const root = document.querySelector("[data-points]");
const WHOLE = 10000;
const STEP = 100; // of the picture's ten-thousandths; with Shift five times as much
const WAIT = 500; // ms after the last arrow key before it is written

const clamped = (part) => Math.min(WHOLE, Math.max(0, Math.round(part)));
const percent = (part) => String(part / 100);
const fields = (x, y) => ({ across: percent(x), down: percent(y), quiet: "1" });

if (root) {
  const plane = root.querySelector("[data-plane]");
  const form = root.querySelector("[data-points-form]");
  const told = root.querySelector("[data-points-told]");
  const name = (field) => form?.elements.namedItem(field);
  const timers = new Map();
  let lifted;

  const placeOf = (handle) => ({ x: Number(handle.style.getPropertyValue("--x")), y: Number(handle.style.getPropertyValue("--y")) });

  const put = (handle, { x, y }) => {
    handle.style.setProperty("--x", clamped(x));
    handle.style.setProperty("--y", clamped(y));
    if (handle === fresh) fill(placeOf(handle));
  };

  const at = (event) => {
    const box = plane.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * WHOLE, y: ((event.clientY - box.top) / box.height) * WHOLE };
  };

  // The next product's number, before it is there.
  const fresh = form && Object.assign(document.createElement("button"), { type: "button", className: "spot-handle" });

  function fill({ x, y }) {
    name("across").value = percent(x);
    name("down").value = percent(y);
    for (const radio of form.querySelectorAll("[name=spot]")) radio.checked = false;
  }

  function filledIn() {
    const [across, down] = [name("across").value, name("down").value].map((text) => text.trim());
    if (across && down && !Number.isNaN(Number(across)) && !Number.isNaN(Number(down))) return { x: across * 100, y: down * 100 };
    const radio = form.querySelector("[name=spot]:checked");
    if (!radio) return { x: WHOLE / 2, y: WHOLE / 2 };
    const third = { left: WHOLE / 6, top: WHOLE / 6, middle: WHOLE / 2, right: WHOLE * 5 / 6, bottom: WHOLE * 5 / 6 };
    const [one, other = "middle"] = radio.value.split("-");
    return { x: third[one], y: third[other] };
  }

  function show(place) {
    fresh.style.setProperty("--x", clamped(place.x));
    fresh.style.setProperty("--y", clamped(place.y));
  }

  const say = (handle) => {
    const { x, y } = placeOf(handle);
    told.textContent = `${word("fromLeft")} ${Math.round(x / 100)} %, ${word("fromTop")} ${Math.round(y / 100)} %`;
  };

  async function write(handle) {
    const { x, y } = placeOf(handle);
    const row = document.getElementById(handle.dataset.row);
    for (const [field, part] of [["across", x], ["down", y]]) {
      const input = row?.querySelector(`[name=${field}]`);
      if (input) input.placeholder = percent(part);
    }
    try {
      await post(handle.dataset.point, fields(x, y));
    } catch {
      toast(word("notDone"));
    }
  }

  function settle(handle, wait = 0) {
    say(handle);
    if (handle === fresh) return;
    clearTimeout(timers.get(handle));
    timers.set(handle, setTimeout(() => { timers.delete(handle); write(handle); }, wait));
  }

  // What an arrow key moved a moment ago is written before the page goes.
  addEventListener("pagehide", () => {
    for (const [handle, timer] of timers) {
      clearTimeout(timer);
      const { x, y } = placeOf(handle);
      navigator.sendBeacon(handle.dataset.point, new URLSearchParams({ ...fields(x, y), csrfmiddlewaretoken: token() }));
    }
    timers.clear();
  });

  plane.toggleAttribute("data-live", Boolean(form));
  for (const handle of plane.querySelectorAll("[data-point]")) handle.toggleAttribute("data-live", true);
  const hint = root.querySelector("[data-points-hint]");
  if (hint) hint.hidden = false;

  if (fresh) {
    fresh.innerHTML = '<span aria-hidden="true">+</span>';
    fresh.setAttribute("aria-label", word("newPoint"));
    fresh.toggleAttribute("data-new", true);
    fresh.toggleAttribute("data-live", true);
    show(filledIn());
    plane.append(fresh);
    form.addEventListener("input", (event) => {
      if (event.target.name === "spot") name("across").value = name("down").value = "";
      if (["spot", "across", "down"].includes(event.target.name)) show(filledIn());
      if (event.target.name === "q") look(event.target);
    });
  }

  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const handle = event.target.closest(".spot-handle");
    if (!handle) return;
    lifted = { handle, from: placeOf(handle), x: event.clientX, y: event.clientY, isMoved: false };
    handle.setPointerCapture(event.pointerId);
  });
  plane.addEventListener("pointermove", (event) => {
    if (!lifted) return;
    if (!lifted.isMoved && Math.hypot(event.clientX - lifted.x, event.clientY - lifted.y) < 4) return;
    lifted.isMoved = true;
    lifted.handle.toggleAttribute("data-lifted", true);
    put(lifted.handle, at(event));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    plane.addEventListener(end, () => {
      if (!lifted) return;
      const { handle, isMoved, from } = lifted;
      lifted = undefined;
      handle.removeAttribute("data-lifted");
      if (end === "pointercancel") return put(handle, from);
      if (isMoved) settle(handle);
      handle.toggleAttribute("data-dragged", isMoved);
    });
  }

  plane.addEventListener("click", (event) => {
    const handle = event.target.closest(".spot-handle");
    if (handle) {
      // A number that was dragged leads nowhere; one that was pressed, to its row.
      if (handle.hasAttribute("data-dragged")) event.preventDefault();
      handle.removeAttribute("data-dragged");
      return;
    }
    if (!fresh) return;
    put(fresh, at(event));
    say(fresh);
    name("q").focus({ preventScroll: matchMedia("(width >= 48rem)").matches });
  });

  plane.addEventListener("keydown", (event) => {
    const handle = event.target.closest(".spot-handle");
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!handle || !way || event.altKey || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const step = event.shiftKey ? 5 * STEP : STEP;
    const { x, y } = placeOf(handle);
    put(handle, { x: x + way[0] * step, y: y + way[1] * step });
    settle(handle, WAIT);
  });

  // A page of a product is being read: once that is done this page shows it.
  async function wait() {
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      const isDone = reply.ok && !(await reply.text()).includes("data-points-waiting");
      if (isDone && !name("q")?.value && !timers.size) return location.reload();
    } catch { /* away for a moment: the next time will do */ }
    setTimeout(wait, 2000);
  }
  if (document.querySelector("[data-points-waiting]")) setTimeout(wait, 2000);

  // Products are found while their name is typed.
  let asked;
  let looking;
  function look(field) {
    clearTimeout(looking);
    const q = field.value.trim();
    if (/^https?:/i.test(q)) return;
    looking = setTimeout(async () => {
      asked = q;
      try {
        const reply = await fetch(`${location.pathname}?${new URLSearchParams({ q })}`, { headers: { Accept: "text/html" } });
        if (!reply.ok || asked !== q) return;
        const page = new DOMParser().parseFromString(await reply.text(), "text/html");
        const found = page.querySelector("[data-found]");
        if (found) form.querySelector("[data-found]").replaceWith(found);
      } catch { /* the button asks again */ }
    }, 250);
  }
}
