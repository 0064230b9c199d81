// The numbers in a picture open without any script. This closes them again: by Escape,
// and by a press anywhere else, of which the photograph below hears nothing.
const open = () => document.querySelector("[data-spots] .spot[open]");

document.addEventListener("keydown", (event) => {
  const spot = event.key === "Escape" && open();
  if (!spot) return;
  event.preventDefault(); // a viewer around it stays
  event.stopImmediatePropagation();
  spot.open = false;
  spot.querySelector("summary").focus();
}, { capture: true });

document.addEventListener("click", (event) => {
  const spot = open();
  if (!spot || spot.contains(event.target)) return;
  if (event.target.closest("[data-spots] summary")) return; // another one opens
  spot.open = false;
  if (event.target.closest("[data-zoom]")) event.preventDefault();
}, { capture: true });
