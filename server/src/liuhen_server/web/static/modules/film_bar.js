// Draws what is known of a file's chunks: a bar from its first byte to its last, and the same in words.

import { CHUNK } from "./chunks.js";

const SVG = "http://www.w3.org/2000/svg";

/** Runs `[first, last, value]` of equal neighbours in a list; gaps (undefined) are left out. */
export function runs(values) {
  const found = [];
  values.forEach((value, at) => {
    const last = found.at(-1);
    if (last && last[1] === at - 1 && last[2] === value) last[1] = at;
    else if (value !== undefined) found.push([at, at, value]);
  });
  return found;
}

/** A run of chunks in MiB of the file, as people read it. */
export function inMebibytes([first, last], size) {
  const end = Math.min((last + 1) * CHUNK, size) / CHUNK;
  return `${first}–${Number.isInteger(end) ? end : end.toFixed(2)} MiB`;
}

export class FilmBar {
  #asked = false;

  /** `svg` is drawn into; `known` is a list by chunk: true (held), false (broken), undefined (not looked at). */
  constructor(svg) {
    this.svg = svg;
    this.known = [];
  }

  begin(count) {
    this.known = new Array(count).fill(undefined);
    this.svg.setAttribute("viewBox", `0 0 ${Math.max(1, count)} 1`);
    this.#draw();
  }

  tell(index, held) {
    this.known[index] = held;
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  get held() {
    return this.known.filter((one) => one === true).length;
  }

  get broken() {
    return runs(this.known).filter(([, , held]) => held === false);
  }

  #draw() {
    const parts = runs(this.known).map(([first, last, held]) => {
      const part = document.createElementNS(SVG, "rect");
      const shape = { x: first, y: 0, width: last - first + 1, height: 1, class: held ? "holds" : "broken" };
      for (const [name, value] of Object.entries(shape)) part.setAttribute(name, value);
      return part;
    });
    // what is broken lies above: its outline is as wide on the screen however small its share of the file
    parts.sort((one, other) => (one.getAttribute("class") < other.getAttribute("class") ? 1 : -1));
    this.svg.replaceChildren(...parts);
  }
}
