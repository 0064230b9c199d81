/** Keys for who decides about many: j and k walk the rows, x ticks one, a goes to what
 * approves, n to the next. No key decides by itself: Enter does, on what has the focus. */

const rows = [...document.querySelectorAll("#result_list tbody tr")];
const linkOf = (row) => row?.querySelector("th a, td a");

function walk(step) {
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step;
  const link = linkOf(rows[next]);
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

function tick() {
  const row = rows.find((candidate) => candidate.contains(document.activeElement));
  const box = row?.querySelector("input.action-select");
  if (!box) return;
  box.click(); // Django's own script counts what is ticked
  linkOf(row)?.focus();
}

function approve() {
  const button = document.querySelector("[data-key=a]");
  if (button) {
    button.focus();
    return;
  }
  const choice = document.querySelector("select[name=action]");
  if (!choice || !document.querySelector("input.action-select:checked")) return;
  choice.value = "approve_chosen";
  choice.closest(".actions").querySelector("button[type=submit]").focus();
}

const KEYS = {
  j: () => walk(1),
  k: () => walk(-1),
  x: tick,
  a: approve,
  n: () => document.querySelector("[data-key=n]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const deed = KEYS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

for (const hints of document.querySelectorAll("[data-keys]")) hints.hidden = false;
