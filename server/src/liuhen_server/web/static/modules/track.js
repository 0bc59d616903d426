// A point of the track, in the sketch or in the list: the player goes to where the film was then.

const video = document.querySelector("[data-picture]");

function goTo(element) {
  if (!video) return;
  video.currentTime = Number(element.dataset.seek) / 1000;
  video.scrollIntoView({ block: "nearest" });
}

for (const element of document.querySelectorAll("[data-seek]")) {
  element.addEventListener("click", () => goTo(element));
}
