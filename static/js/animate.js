// Animated pictures play while the pointer or the focus is on their card, and not at all
// for readers who want less motion. On a pin's own page they play, and can be paused.
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");

function play(card) {
  const image = card?.querySelector("img[data-moving]");
  if (!image || isCalm.matches || image.dataset.still) return;
  const moving = new Image();
  Object.assign(image.dataset, { still: image.src, stillSet: image.srcset });
  moving.addEventListener("load", () => {
    if (!image.dataset.still) return; // the reader went on meanwhile
    image.removeAttribute("srcset");
    image.src = moving.src;
  });
  moving.src = image.dataset.moving;
}

function rest(card) {
  const image = card?.querySelector("img[data-still]");
  if (!image) return;
  image.srcset = image.dataset.stillSet;
  image.src = image.dataset.still;
  delete image.dataset.still;
}

const cardOf = ({ target }) => target.closest?.(".pin");
for (const [start, end] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(start, (event) => play(cardOf(event)));
  document.addEventListener(end, (event) => {
    const card = cardOf(event);
    if (card && !card.contains(event.relatedTarget)) rest(card);
  });
}

/** Shows the buttons that pause what moves below `root`. */
export function offerPause(root) {
  for (const button of root.querySelectorAll("[data-pause]")) button.hidden = isCalm.matches;
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-pause]");
  if (!button) return;
  const image = button.closest(".photo").querySelector("img");
  const other = button.dataset.pause;
  button.dataset.pause = image.getAttribute("src");
  image.src = other;
  button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
});

offerPause(document);
