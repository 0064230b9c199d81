// Pictures dropped anywhere on the composer, or pasted into it, go into its file input.
// What is chosen is shown at once, from this machine.
const place = document.querySelector("[data-drop]");
const input = place?.querySelector("input[type=file]");
const shown = place?.querySelector("[data-drop-shown]");
const MOST = 9; // of those shown; all are sent

function take(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  const chosen = new DataTransfer();
  for (const picture of input.multiple ? pictures : pictures.slice(0, 1)) chosen.items.add(picture);
  input.files = chosen.files;
  preview();
}

const words = (text) => Object.assign(document.createElement("span"), { textContent: text });

function pictureOf(file) {
  const image = Object.assign(new Image(), { alt: "", src: URL.createObjectURL(file) });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.addEventListener("error", () => {
    URL.revokeObjectURL(image.src);
    image.replaceWith(words(file.name)); // HEIC, say: the server reads it
  });
  return image;
}

function preview() {
  const files = [...input.files];
  const rest = files.length > MOST ? files.length - MOST + 1 : 0;
  const boxes = files.slice(0, rest ? MOST - 1 : MOST).map(pictureOf);
  if (rest) boxes.push(words(`+${rest}`));
  shown.style.setProperty("--columns", boxes.length > 4 ? 3 : boxes.length > 1 ? 2 : 1);
  shown.replaceChildren(...boxes);
  shown.hidden = !boxes.length;
}

if (input) {
  input.addEventListener("change", preview);
  document.addEventListener("dragover", (event) => { event.preventDefault(); place.toggleAttribute("data-over", true); });
  document.addEventListener("dragleave", () => place.removeAttribute("data-over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    place.removeAttribute("data-over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
  preview(); // after going back, the browser may remember what was chosen
}
