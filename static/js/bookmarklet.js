// The button for a browser's bar does nothing here: it is to be dragged away.
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-bookmarklet]")) return;
  event.preventDefault();
  toast(word("dragIt"));
});

// What came from that button, or was shared by a phone, is read without another press.
const form = document.querySelector("form[data-send-at-once]");
if (form) {
  const address = new URL(location.href);
  for (const name of ["via", "text"]) address.searchParams.delete(name);
  history.replaceState(history.state, "", address); // going back leads to the form
  form.requestSubmit();
}
