// A pin over the grid it was opened from. It has its own address; the grid stays where it
// is, so that closing, the browser's Back and Escape lead to the same card again.
import { offerPause } from "pinboard/animate";
import { more } from "pinboard/feed";
import { offer } from "pinboard/share";
import { word } from "pinboard/words";
import { isZoomed } from "pinboard/zoom";

const feed = document.querySelector("[data-feed]");
const home = location.pathname + location.search;
const title = document.title;
const SWIPE = 70; // px sideways

let dialog;
let shown; // the card whose pin is open
const pages = new Map(); // address -> promise of its article; neighbours are read ahead

const linkOf = (card) => card.querySelector(".pin-title a");
const cards = () => [...feed.querySelectorAll(":scope > .pin")].filter((card) => linkOf(card));

async function read(address) {
  const reply = await fetch(address, { headers: { Accept: "text/html" } });
  if (!reply.ok || reply.redirected) throw new Error(reply.status);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const article = page.querySelector(".close-up");
  if (article?.dataset.pinState !== "ready") throw new Error("not ready");
  return { article, title: page.title, related: page.querySelector("main h2.section-h")?.textContent };
}

// The pin's page has more than fits here: what is like it.
function wayOn(address, text) {
  const link = Object.assign(document.createElement("a"), { className: "btn", href: address, textContent: text });
  const box = Object.assign(document.createElement("div"), { className: "more" });
  box.append(link);
  return box;
}

function ahead(card) {
  const address = card && linkOf(card).href;
  if (!address || pages.has(address)) return pages.get(address);
  const page = read(address);
  page.catch(() => pages.delete(address));
  pages.set(address, page);
  return page;
}

const button = (name, label, deed, drawing) => {
  const made = Object.assign(document.createElement("button"), { type: "button", className: `btn btn-icon viewer-${name}`, textContent: drawing });
  made.setAttribute("aria-label", word(label));
  made.addEventListener("click", deed);
  return made;
};

function build() {
  dialog = Object.assign(document.createElement("dialog"), { className: "viewer" });
  const bar = Object.assign(document.createElement("div"), { className: "viewer-bar" });
  bar.append(
    button("close", "close", leave, "×"),
    button("back", "previous", () => step(-1), "‹"),
    button("on", "next", () => step(1), "›"),
  );
  const place = Object.assign(document.createElement("div"), { className: "viewer-page" });
  dialog.append(bar, place);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) leave(); });
  dialog.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isTyping = event.target.closest("input, textarea, select");
    if (!way || isTyping || isZoomed() || event.altKey || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    step(way);
  });
  swipes(place);
  document.body.append(dialog);
}

function swipes(place) {
  let from;
  place.addEventListener("touchstart", ({ touches: [touch, other] }) => { from = other ? null : touch; }, { passive: true });
  place.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from) return;
    const [x, y] = [to.clientX - from.clientX, to.clientY - from.clientY];
    if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
  }, { passive: true });
}

// Puts the pin of a card into the dialog; where that fails, the pin's own page answers.
async function show(card) {
  const address = linkOf(card).href;
  shown = card;
  let page;
  try {
    page = await ahead(card);
  } catch {
    location.assign(address);
    return false;
  }
  if (shown !== card) return false; // the reader went on meanwhile
  if (!dialog) build();
  pages.delete(address); // its counts are of now; the next time they are read again
  const article = document.importNode(page.article, true);
  offer(article);
  offerPause(article);
  dialog.querySelector(".viewer-page").replaceChildren(article, ...(page.related ? [wayOn(address, page.related)] : []));
  dialog.setAttribute("aria-label", article.querySelector("h1")?.textContent.trim() ?? page.title);
  document.title = page.title;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".viewer-page").scrollTo(0, 0);
  const all = cards();
  const place = all.indexOf(card);
  dialog.querySelector(".viewer-back").disabled = place <= 0;
  dialog.querySelector(".viewer-on").disabled = place === all.length - 1 && !next();
  ahead(all[place + 1]);
  return true;
}

const next = () => document.querySelector("a[data-next]");

async function step(way) {
  let to = cards()[cards().indexOf(shown) + way];
  if (!to && way > 0 && next()) {
    await more(next());
    to = cards()[cards().indexOf(shown) + way];
  }
  if (to && await show(to)) history.replaceState(history.state, "", linkOf(to).href);
}

const leave = () => history.back();

function hide() {
  if (!dialog?.open) return;
  dialog.close();
  dialog.querySelector(".viewer-page").replaceChildren();
  document.title = title;
  linkOf(shown).focus({ preventScroll: true });
  shown.scrollIntoView({ block: "nearest" });
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-feed] > .pin .pin-title a");
  if (!link || !feed?.contains(link)) return;
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!await show(link.closest(".pin"))) return;
  history.pushState({ ...history.state, viewer: true }, "", link.href);
  history.scrollRestoration = "manual"; // of this entry: reloaded, it is another page
});

addEventListener("popstate", () => {
  const here = location.pathname + location.search;
  if (here === home) return hide();
  const card = feed && cards().find((one) => linkOf(one).href === location.href);
  // This document is of another address, as after a reload of an open viewer.
  if (card) show(card);
  else location.reload();
});
