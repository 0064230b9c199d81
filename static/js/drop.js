// A picture dropped anywhere on the composer, or pasted into it, goes into its file input.
const place = document.querySelector("[data-drop]");
const input = place?.querySelector("input[type=file]");

function take(files) {
  const picture = [...files].find((file) => file.type.startsWith("image/"));
  if (!picture) return;
  const chosen = new DataTransfer();
  chosen.items.add(picture);
  input.files = chosen.files;
  preview();
}

function preview() {
  place.querySelector("img")?.remove();
  const [file] = input.files;
  if (!file) return;
  const image = Object.assign(new Image(), { alt: "", src: URL.createObjectURL(file) });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.addEventListener("error", () => image.remove()); // HEIC: the server reads it
  place.prepend(image);
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
}
