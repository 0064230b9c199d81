import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

/** Shows the buttons below `root` that copy: without this file they could do nothing. */
export function offer(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

// The device's own sheet where it has one; else the link leads to a page of ways.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-share]");
  if (!link || !navigator.share || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const url = new URL(link.dataset.share, location.href).href;
  // The reader may close the sheet, which rejects: nothing to say then.
  navigator.share({ title: link.dataset.shareTitle, url }).catch(() => {});
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  // A browser may forbid it; the text stands beside the button.
  const done = await navigator.clipboard.writeText(button.dataset.copy).then(() => true, () => false);
  toast(word(done ? button.dataset.copied ?? "codeCopied" : "notDone"));
});

offer(document);
