// An order by hand, of pins on a board or of boards on a profile: a card follows the
// pointer over the others, or the arrow keys. What is written is one step: beside which
// one it stands now.
import { post } from "pinboard/post";
import { toast } from "pinboard/toast";
import { word } from "pinboard/words";

const form = document.querySelector("[data-arrange]");
const feed = document.querySelector("[data-feed]");
const CARD = "[data-place-id]";
const EDGE = 90; // px from the screen's edge where the page begins to scroll

let lifted;

let last = Promise.resolve(); // steps are told in the order they were made

/** Tells the server where the card is now; `next` is what stood behind it before. */
function settle(card, next) {
  const [before, after] = [card.previousElementSibling, card.nextElementSibling];
  const beside = before ?? after;
  if (!beside) return;
  const fields = { way: before ? "after" : "before", beside: beside.dataset.placeId, next: "/preferences/" };
  last = last.then(() => post(card.querySelector("[data-handle]").formAction, fields)).catch(() => {
    feed.insertBefore(card, next?.parentNode === feed ? next : null);
    toast(word("notDone"));
  });
}

function put(card, over, isAfter) {
  if (!over || over === card) return;
  over.insertAdjacentElement(isAfter ? "afterend" : "beforebegin", card);
}

function lift(event) {
  const handle = event.target.closest("[data-handle]");
  if (!handle || event.button) return;
  lifted = { card: handle.closest(CARD), next: handle.closest(CARD).nextElementSibling };
  handle.setPointerCapture(event.pointerId);
  lifted.card.toggleAttribute("data-lifted", true);
}

function drag(event) {
  if (!lifted) return;
  const over = document.elementsFromPoint(event.clientX, event.clientY)
    .map((element) => element.closest(CARD))
    .find((card) => card && card !== lifted.card && feed.contains(card));
  if (over) {
    const all = [...feed.children];
    put(lifted.card, over, all.indexOf(over) > all.indexOf(lifted.card));
  }
  if (event.clientY < EDGE) scrollBy(0, -20);
  if (event.clientY > innerHeight - EDGE) scrollBy(0, 20);
}

function drop() {
  if (!lifted) return;
  const { card, next } = lifted;
  lifted = undefined;
  card.removeAttribute("data-lifted");
  if (card.nextElementSibling === next) return;
  settle(card, next);
}

if (form) {
  for (const step of document.querySelectorAll("[data-step]")) step.hidden = true;
  feed.addEventListener("pointerdown", lift);
  feed.addEventListener("pointermove", drag);
  for (const end of ["pointerup", "pointercancel"]) feed.addEventListener(end, drop);
  // Where nothing is dragged a press on the handle does nothing: its form leads to the top.
  feed.addEventListener("click", (event) => {
    if (event.target.closest("[data-handle]")) event.preventDefault();
  });
  feed.addEventListener("keydown", (event) => {
    const handle = event.target.closest("[data-handle]");
    const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!handle || !way) return;
    event.preventDefault();
    const card = handle.closest(CARD);
    const over = way < 0 ? card.previousElementSibling : card.nextElementSibling;
    if (!over) return;
    const next = card.nextElementSibling;
    put(card, over, way > 0);
    handle.focus();
    settle(card, next);
  });
}
