// The photograph a reader pressed becomes the photograph of the next page.
let going;

document.addEventListener("click", (event) => {
  going = event.target.closest(".pin-title a")?.closest(".pin");
});

addEventListener("pageswap", (event) => {
  if (!event.viewTransition || !going) return;
  const media = going.querySelector(".pin-media");
  media.style.viewTransitionName = "pin-photo";
  event.viewTransition.finished.then(() => { media.style.viewTransitionName = ""; });
});
