// Theme and language are cookies, so that the server renders them and nothing flashes.
// Without this file their links lead to a page with the same choices.
const A_YEAR_S = 365 * 24 * 3600;

function keep(name, value) {
  document.cookie = `${name}=${value};path=/;max-age=${A_YEAR_S};samesite=lax`;
}

document.addEventListener("click", (event) => {
  const language = event.target.closest("[data-language]");
  if (language) {
    event.preventDefault();
    keep("django_language", language.dataset.language);
    location.reload();
  }
  if (event.target.closest("[data-theme-toggle]")) {
    event.preventDefault();
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    keep("theme", root.dataset.theme);
  }
});
