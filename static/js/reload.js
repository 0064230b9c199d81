// A page that waits for a worker asks again every few seconds, while somebody looks.
const place = document.querySelector("[data-reload-s]");
if (place) {
  setTimeout(() => {
    if (document.visibilityState === "visible") location.reload();
    else document.addEventListener("visibilitychange", () => location.reload(), { once: true });
  }, Number(place.dataset.reloadS) * 1000);
}
