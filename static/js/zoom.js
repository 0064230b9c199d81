// The photograph in its full size, over the page. Without this file its link leads to
// the picture itself.
import { word } from "pinboard/words";

const image = Object.assign(new Image(), { alt: "" });
const close = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-icon zoom-close", textContent: "×" });
const dialog = Object.assign(document.createElement("dialog"), { className: "zoom" });
dialog.append(image, close);

const isOpen = () => dialog.open;

/** Whether the arrows and Escape belong to the photograph now. */
export { isOpen as isZoomed };

dialog.addEventListener("click", (event) => {
  if (event.target !== image) return dialog.close();
  const box = image.getBoundingClientRect();
  const at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  dialog.toggleAttribute("data-full");
  // What was pressed stays in the middle.
  dialog.scrollTo(at.x * image.offsetWidth - innerWidth / 2, at.y * image.offsetHeight - innerHeight / 2);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-zoom]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const small = link.querySelector("img");
  image.alt = small.alt;
  image.src = small.currentSrc; // at once, until the large one is here
  image.width = link.dataset.width;
  image.height = link.dataset.height;
  const large = Object.assign(new Image(), { src: link.href });
  large.decode().then(() => { image.src = large.src; }, () => {});
  dialog.removeAttribute("data-full");
  dialog.setAttribute("aria-label", word("fullSize"));
  close.setAttribute("aria-label", word("close"));
  if (!dialog.isConnected) document.body.append(dialog);
  dialog.showModal();
});
