// Infinite scroll over real pages: the "Next page" link is in the HTML, so search
// engines, readers without scripts and the back button all have it.
import "pinboard/place"; // which may have put more cards there than came with the page
import { word } from "pinboard/words";

const AHEAD = "1200px";
const BY_ITSELF = 3; // pages; then a press is asked for, so that the footer is reached
const MOST_CARDS = 350; // a relayout of more is felt

const feed = document.querySelector("[data-feed]");
let loaded = 0;

const status = Object.assign(document.createElement("p"), { className: "vh" });
status.setAttribute("role", "status");

/** Appends the page behind the link; where it cannot, the link says so. */
export async function more(link) {
  if (link.hasAttribute("aria-disabled")) return;
  link.setAttribute("aria-disabled", "true");
  status.textContent = word("loading");
  try {
    const reply = await fetch(link.href);
    if (!reply.ok) throw new Error(reply.status);
    append(new DOMParser().parseFromString(await reply.text(), "text/html"), link);
  } catch {
    link.removeAttribute("aria-disabled");
    ask(link, word("notLoaded"));
  }
  status.textContent = "";
}

function append(page, link) {
  const known = new Set([...feed.querySelectorAll("[data-pin-id]")].map((card) => card.dataset.pinId));
  const cards = [...page.querySelectorAll("[data-feed] > *")].filter((card) => !known.has(card.dataset.pinId));
  const hadFocus = document.activeElement === link;
  for (const image of cards.flatMap((card) => [...card.querySelectorAll("img")])) image.loading = "lazy";
  for (const card of cards) card.dataset.added = "";
  feed.append(...cards);
  link.closest("[data-more]").replaceWith(page.querySelector("[data-more]"));
  if (hadFocus) cards[0]?.querySelector("a")?.focus({ preventScroll: true });
  loaded += 1;
  wait();
}

// Nothing comes by itself any more: the footer, hidden until then so that arriving
// cards push nothing that is seen, may be reached.
function ask(link, text) {
  link.textContent = text;
  link.dataset.asks = "";
}

function wait() {
  const link = document.querySelector("a[data-next]");
  if (!link) return;
  if (feed.children.length >= MOST_CARDS) return ask(link, link.textContent);
  if (loaded < BY_ITSELF) watch.observe(link);
  else ask(link, word("loadMore"));
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    more(link);
  });
}

const watch = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watch.unobserve(target);
    more(target);
  }
}, { rootMargin: AHEAD });

if (feed && document.querySelector("a[data-next]")) {
  feed.after(status);
  wait();
}
