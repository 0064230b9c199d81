import { post } from "pinboard/post";

// A refused form: its summary takes the focus, so that it is read first.
document.querySelector("[data-focus]")?.focus();

// Opening the page is the wish; the server shows the change on the next one.
for (const form of document.querySelectorAll("form[data-submit-on-load]")) {
  form.hidden = true;
  post(form.action, new FormData(form)).catch(() => { form.hidden = false; });
}

// Ctrl or Command with Enter sends what is being written.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form?.requestSubmit();
  }
});
