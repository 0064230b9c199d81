// A like shows at once. Of many quick presses the last wish is sent, one at a time, and
// the server's count wins.
import { post } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const states = new WeakMap();

function show(form, isOn, count) {
  form.querySelector("button").setAttribute("aria-pressed", isOn);
  form.elements.on.value = isOn ? "0" : "1";
  form.querySelector("[data-count]").textContent = Math.max(0, count);
}

async function settle(form, state) {
  state.isBusy = true;
  while (state.wanted !== state.sent) {
    const wanted = state.wanted;
    try {
      const reply = await post(form.action, { on: wanted ? "1" : "0" }, { accept: "application/json" });
      const { active, count } = await reply.json();
      Object.assign(state, { sent: active, count });
    } catch {
      state.wanted = state.sent;
      toast(word("notDone"));
    }
  }
  state.isBusy = false;
  show(form, state.sent, state.count);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-like]");
  if (!form) return;
  event.preventDefault();
  const wished = form.elements.on.value === "1";
  const shown = Number(form.querySelector("[data-count]").textContent);
  if (!states.has(form)) states.set(form, { sent: !wished, count: shown, isBusy: false });
  const state = states.get(form);
  state.wanted = wished;
  show(form, wished, shown + (wished ? 1 : -1));
  if (!state.isBusy) settle(form, state);
});
