// Marks on the film's time: ticks on a line as long as the film, the place it stands at, and M to write where that is.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000; // of the drawing, as the page has it; a drawing one unit wide is blurred when it is stretched
const video = document.querySelector("[data-picture]");
const layer = document.querySelector("[data-marks-layer]");
const places = [...document.querySelectorAll("button[data-at]")];

function clock(seconds) {
  const tenths = Math.floor(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${String(minutes).padStart(2, "0")}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

function line(at, kind) {
  const tick = document.createElementNS(SVG, "line");
  const x = at * WIDTH;
  for (const [name, value] of Object.entries({ x1: x, x2: x, y1: 0, y2: 16, class: kind })) tick.setAttribute(name, value);
  return tick;
}

function draw() {
  const length = video.duration;
  layer.hidden = !(length > 0 && Number.isFinite(length));
  if (layer.hidden) return;
  const ticks = places
    .map((place) => [Number(place.dataset.at) / 1000 / length, place.dataset.kind])
    .filter(([at]) => at <= 1)
    .map(([at, kind]) => line(at, kind));
  layer.querySelector("[data-ticks]").replaceChildren(...ticks, line(video.currentTime / length, "now"));
}

if (video && layer) {
  for (const event of ["loadedmetadata", "timeupdate", "emptied"]) video.addEventListener(event, draw);
  for (const place of places) {
    place.addEventListener("click", () => { video.currentTime = Number(place.dataset.at) / 1000; });
  }
  const field = document.querySelector("#at");
  document.addEventListener("keydown", (event) => {
    const elsewhere = event.target !== document.body && event.target !== video && event.target.id !== "content";
    if (!field || elsewhere || event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.closest("details").open = true;
    field.value = clock(video.currentTime);
    document.querySelector("#words").focus();
  });
}
