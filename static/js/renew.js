// A part of a page that waits for a worker: it is fetched anew every few seconds and put
// in place, so that nothing of what is being filled in around it gets lost. It comes from
// its form's address or the one it names; there its end is a page of its own.
let place = document.querySelector("[data-renew-s]");

const seen = () => document.visibilityState === "visible"
  ? Promise.resolve()
  : new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));

async function fresh() {
  const from = place.dataset.renewFrom ?? place.closest("form").action;
  const reply = await fetch(from, { headers: { Accept: "text/html" } });
  if (!reply.ok || reply.redirected) return null;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  return page.getElementById(place.id);
}

// What has not changed stays the very element it is: a picture is not loaded twice.
function put(next) {
  const chosen = place.querySelector(":checked")?.value;
  const focused = place.contains(document.activeElement) ? document.activeElement.value : undefined;
  const held = place.contains(document.activeElement) ? document.activeElement.id : "";
  const known = new Map([...place.querySelectorAll("[data-key]")].map((item) => [item.dataset.key, item]));
  for (const item of next.querySelectorAll("[data-key]")) {
    const same = known.get(item.dataset.key);
    if (same) item.replaceWith(same);
  }
  place.replaceWith(next);
  place = next;
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  for (const radio of place.querySelectorAll("input[type=radio]")) {
    if (radio.value === chosen) radio.checked = true;
    if (radio.value === focused) radio.focus({ preventScroll: true });
  }
}

async function renew() {
  await seen();
  try {
    const next = await fresh();
    if (!next && place.dataset.renewFrom) location.reload();
    if (!next) return;
    put(next);
  } catch { /* away for a moment: the next time will do */ }
  wait();
}

const wait = () => {
  if (place?.dataset.renewS) setTimeout(renew, Number(place.dataset.renewS) * 1000);
};
wait();
