import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

/** Shows the share buttons below `root`: without this file they could do nothing. */
export function offer(root) {
  for (const button of root.querySelectorAll("[data-share]")) button.hidden = false;
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

offer(document);
