// The reader's place in a feed. A page that grew while it was scrolled is left with its
// cards noted down, so that going back or reloading shows the same card at the same
// height; nothing is asked of the server again. The browser's own memory of the page, where
// it kept one, comes first and needs none of this.
const feed = document.querySelector("[data-feed]");
const PREFIX = "feed:";
const KEPT = 3; // feeds of one tab, the last ones; a long one is about a megabyte

const reader = document.body.dataset.reader ?? "";
const more = () => document.querySelector("[data-more]");

// Of this visit to this address: an entry of the history that a viewer made carries the
// state of the feed below it, but reloads as the page of its pin.
function keyOf() {
  const visit = history.state?.feed ?? `${Date.now()}-${Math.random()}`; // randomUUID needs https
  history.replaceState({ ...history.state, feed: visit }, "");
  return `${PREFIX}${visit} ${location.pathname}${location.search}`;
}

// The first card that is still on the screen, and where its top is.
function anchor() {
  for (const card of feed.children) {
    const { top, bottom } = card.getBoundingClientRect();
    if (bottom > 0) return { pin: card.dataset.pinId, top };
  }
  return null;
}

function forgetOldest() {
  const keys = Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX));
  keys.sort((one, other) => JSON.parse(sessionStorage[one]).at - JSON.parse(sessionStorage[other]).at);
  for (const name of keys.slice(0, Math.max(0, keys.length - KEPT))) delete sessionStorage[name];
}

function remember(key) {
  const note = { at: Date.now(), reader, cards: feed.innerHTML, more: more()?.outerHTML ?? "", anchor: anchor(), y: scrollY };
  try {
    sessionStorage[key] = JSON.stringify(note);
    forgetOldest();
  } catch {
    // No room, or none allowed: the page begins at its top then.
    delete sessionStorage[key];
  }
}

function restore(key) {
  const note = JSON.parse(sessionStorage[key] ?? "null");
  if (!note || note.reader !== reader) return;
  const page = new DOMParser().parseFromString(`<div>${note.cards}</div>${note.more}`, "text/html");
  feed.replaceChildren(...page.body.firstElementChild.children);
  const link = page.querySelector("[data-more]");
  if (link) more()?.replaceWith(link);
  history.scrollRestoration = "manual";
  const card = note.anchor && feed.querySelector(`[data-pin-id="${CSS.escape(note.anchor.pin)}"]`);
  const top = card ? scrollY + card.getBoundingClientRect().top - note.anchor.top : note.y;
  scrollTo({ top, behavior: "instant" });
}

if (feed) {
  const key = keyOf();
  const [{ type } = {}] = performance.getEntriesByType("navigation");
  if (type === "back_forward" || type === "reload") restore(key);
  addEventListener("pagehide", () => {
    // Under an open viewer the page still is the feed's.
    if (scrollY > 0 || feed.querySelector("[data-added]")) remember(key);
  });
}
