// Conveniences only: every page works without this file.

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break; // only in a secure context
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// The slash key goes to the search box from anywhere that takes no letters; Escape goes back to the page.
const find = document.querySelector("#find");
if (find) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    find.focus();
    find.select();
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector("#content").focus();
  });
}

const player = document.querySelector("video.player");
if (player) {
  // J and L go ten seconds back and forth, K and the space bar play and pause, when nothing else has the focus.
  const jump = (seconds) => { player.currentTime = Math.min(Math.max(0, player.currentTime + seconds), player.duration || 0); };
  const toggle = () => (player.paused ? player.play() : player.pause());
  const keys = { j: () => jump(-10), l: () => jump(10), k: toggle, " ": toggle };
  document.addEventListener("keydown", (event) => {
    const elsewhere = event.target !== document.body && event.target.id !== "content";
    const act = keys[event.key.toLowerCase()];
    if (elsewhere || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}

// A filter applies as soon as it is chosen from a list; typing waits for the button.
for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// On a phone the navigation is one row that goes on sideways: the page one is on is brought into it.
const nav = document.querySelector(".bar nav");
const here = nav?.querySelector('[aria-current="page"]');
if (here && nav.scrollWidth > nav.clientWidth) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
