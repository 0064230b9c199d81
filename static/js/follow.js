import { post } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

function show(form, isOn) {
  const button = form.querySelector("button");
  button.toggleAttribute("data-followed", isOn);
  button.querySelector("[data-label]").textContent = word(isOn ? "following" : "follow");
  form.elements.on.value = isOn ? "0" : "1";
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-follow]");
  if (!form) return;
  event.preventDefault();
  const isOn = form.elements.on.value === "1";
  show(form, isOn);
  try {
    const reply = await post(form.action, { on: isOn ? "1" : "0" }, { accept: "application/json" });
    show(form, (await reply.json()).active);
  } catch {
    show(form, !isOn);
    toast(word("notDone"));
  }
});
