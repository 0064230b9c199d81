import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

for (const button of document.querySelectorAll("[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const url = button.dataset.share || location.href;
    if (navigator.share) {
      // The reader may close the sheet, which rejects: nothing to say then.
      await navigator.share({ title: button.dataset.shareTitle, url }).catch(() => {});
      return;
    }
    await navigator.clipboard.writeText(new URL(url, location.href).href);
    toast(word("copied"));
  });
}
