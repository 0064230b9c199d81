import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

/** Shows the buttons below `root` that share or copy: without this file they could do
    nothing. */
export function offer(root) {
  for (const button of root.querySelectorAll("[data-share], [data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share]");
  if (!button) return;
  const url = button.dataset.share || location.href;
  if (navigator.share) {
    // The reader may close the sheet, which rejects: nothing to say then.
    await navigator.share({ title: button.dataset.shareTitle, url }).catch(() => {});
    return;
  }
  await navigator.clipboard.writeText(new URL(url, location.href).href);
  toast(word("copied"));
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  // A browser may forbid it; the text stands beside the button.
  const done = await navigator.clipboard.writeText(button.dataset.copy).then(() => true, () => false);
  toast(word(done ? "codeCopied" : "notDone"));
});

offer(document);
