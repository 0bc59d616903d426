// The player of the clip page. What it plays is verified before the player gets it: the worker hands each of its requests
// to this page, and this page gives only bytes whose hash leads to the root that the dock signed.

import { Malformed, Missing, Refused } from "./bytes.js";
import { BrokenChunk, VerifiedFile, readLeaves } from "./chunks.js";
import { readCustody } from "./custody.js";
import { needsEd25519 } from "./ed25519.js";
import { FilmBar, inMebibytes } from "./film_bar.js";
import { wanted } from "./ranges.js";

const WORKER_PATIENCE_MS = 10_000;
const HAVE_FUTURE_DATA = 3;
const PATIENCE_MS = 400; // a busy machine's picture may halt without want of bytes, and a player moved elsewhere asks once more for the place it left

/** Resolves once a worker answers for this page. Throws Missing where the browser allows none. */
async function workerAnswers(address) {
  const workers = navigator.serviceWorker;
  if (!workers) throw new Missing("no-worker", "this browser allows no worker for the page");
  try {
    await workers.register(address, { scope: "/clips/" });
    const { active } = await workers.ready;
    if (workers.controller) return;
    const controlled = new Promise((resolve, reject) => {
      workers.addEventListener("controllerchange", resolve, { once: true });
      setTimeout(reject, WORKER_PATIENCE_MS, new Error("the worker does not answer for this page"));
    });
    active.postMessage("a page that was loaded without a worker");
    if (!workers.controller) await controlled;
  } catch (error) {
    throw new Missing("no-worker", String(error?.message ?? error));
  }
}

async function bytesOf(address) {
  const response = await fetch(address, { cache: "no-store", redirect: "error" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

class Player {
  constructor(stage) {
    const part = (name) => stage.querySelector(`[data-${name}]`);
    this.stage = stage;
    this.address = stage.dataset.address;
    this.words = JSON.parse(part("words").textContent);
    this.video = part("picture");
    this.bar = new FilmBar(part("bar"));
    this.parts = { said: part("said"), mark: part("mark"), progress: part("progress"), stopped: part("stopped"), about: part("about"), all: part("verify-all"), layers: part("layers") };
    this.buttons = [...stage.querySelectorAll("[data-which]")];
    this.film = null; // the button whose film is chosen
    this.file = null; // its bytes, once what was signed of them is known
    this.broke = false; // the player asked for bytes that do not hold
    this.resumes = false; // it was playing when it was stopped for them
    this.turn = 0; // an answer that comes after another film was chosen is nobody's
  }

  async start() {
    this.video.hidden = false;
    this.parts.layers.hidden = false;
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button));
    this.parts.all.addEventListener("click", () => this.verifyAll());
    this.video.addEventListener("waiting", () => this.stopSoon());
    this.video.addEventListener("seeking", () => this.goOn());
    this.video.addEventListener("canplay", () => this.cameAfterAll());
    this.video.addEventListener("error", () => this.failed());
    navigator.serviceWorker?.addEventListener("message", (event) => this.answer(event.data, event.ports[0]));
    await this.choose(this.buttons[0]);
  }

  fill(word, places = {}) {
    return this.words[word].replace(/\{(\w+)\}/g, (_, name) => places[name]);
  }

  because(error) {
    return this.words[`code.${error.code}`] ?? error.message;
  }

  say(verdict, sentence) {
    this.stage.dataset.verdict = verdict;
    this.parts.mark.className = `verdict ${verdict}`;
    this.parts.mark.textContent = this.words[`mark.${verdict}`];
    this.parts.said.textContent = sentence;
  }

  async choose(button) {
    const turn = ++this.turn;
    this.film = button.dataset;
    this.file = null;
    this.broke = false;
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one === button));
    this.video.removeAttribute("src");
    this.video.load();
    this.parts.stopped.hidden = true;
    this.parts.all.hidden = true;
    this.parts.progress.textContent = "";
    this.parts.about.textContent = this.words[`about.${this.film.which}`];
    this.bar.begin(0);
    this.say("open", this.words.checking);
    try {
      const file = await this.open(turn);
      if (turn === this.turn) this.play(file);
    } catch (error) {
      if (turn === this.turn) this.cannotVerify(error);
    }
  }

  /** What was signed of the chosen film, and its leaves. */
  async open(turn) {
    const { which, sha256, kind } = this.film;
    await needsEd25519();
    await workerAnswers(this.stage.dataset.worker);
    const bytes = `${this.address}/film/${which}`;
    const [proofs, policy, list] = await Promise.all([`${bytes}/proofs`, "/policy", `${bytes}/leaves`].map(bytesOf));
    const { dock, original } = this.stage.dataset;
    const custody = await readCustody(proofs, policy, { dock, sha256, kind, original });
    const leaves = await readLeaves(list, custody.size, custody.chunkRoot);
    const fetchRange = (first, last) =>
      fetch(bytes, { headers: { Range: `bytes=${first}-${last}` }, cache: "no-store", redirect: "error" });
    const told = (index, held) => turn === this.turn && this.told(index, held);
    return Object.assign(new VerifiedFile({ size: custody.size, leaves, fetchRange, told }), { custody });
  }

  play(file) {
    this.file = file;
    this.bar.begin(file.leaves.length);
    this.say("holds", this.fill("signed", { size: file.custody.logSize, witnesses: file.custody.cosigned.size }));
    this.parts.all.hidden = false;
    this.progress();
    this.video.src = `${this.address}/verified/${this.film.which}`;
  }

  cannotVerify(error) {
    if (error instanceof Missing) {
      this.say("undecided", this.fill("undecided", { because: this.because(error) }));
      this.video.src = `${this.address}/film/${this.film.which}`;
    } else if (error instanceof Refused || error instanceof Malformed) {
      this.say("broken", this.fill("refused", { because: this.because(error) }));
    } else {
      this.say("undecided", this.words.unreachable);
    }
  }

  /** What the player asks for, by way of the worker. No answer is given for bytes that do not hold: the player waits where it is. */
  async answer({ pathname, range }, port) {
    const file = this.file;
    if (!file || pathname !== `${this.address}/verified/${this.film.which}`) return port.postMessage(null);
    const part = wanted(range, file.size);
    if (part === null) return port.postMessage({ status: 416, headers: { "Content-Range": `bytes */${file.size}` } });
    try {
      const bytes = (await file.from(...part)).slice();
      const [first, last] = [part[0], part[0] + bytes.length - 1];
      const headers = {
        "Content-Type": this.film.type,
        "Content-Length": String(bytes.length),
        "Content-Range": `bytes ${first}-${last}/${file.size}`,
        "Accept-Ranges": "bytes",
      };
      return port.postMessage({ status: 206, headers, bytes: bytes.buffer }, [bytes.buffer]);
    } catch (error) {
      if (!(error instanceof BrokenChunk)) return port.postMessage(null);
      this.broke = true;
      this.stopSoon();
    }
  }

  told(index, held) {
    this.bar.tell(index, held);
    this.progress();
    const broken = this.bar.broken;
    if (broken.length) this.say("broken", this.fill("broken", { ranges: this.ranges(broken) }));
  }

  ranges(broken) {
    return broken.map((run) => inMebibytes(run, this.file.size)).join(this.words.and);
  }

  progress() {
    this.parts.progress.textContent = this.fill("progress", { held: this.bar.held, all: this.file.leaves.length });
  }

  stopSoon() {
    setTimeout(() => this.stopWhereItBroke(), PATIENCE_MS);
  }

  /** The player has used up what held. It may be moved elsewhere in the film. */
  stopWhereItBroke() {
    if (!this.broke || this.video.readyState >= HAVE_FUTURE_DATA) return;
    this.resumes ||= !this.video.paused;
    this.video.pause();
    const minutes = Math.floor(this.video.currentTime / 60);
    const seconds = Math.floor(this.video.currentTime % 60);
    const time = `${String(minutes).padStart(2, "0")}:${String(seconds).padStart(2, "0")}`;
    this.parts.stopped.textContent = this.fill("stopped", { time, ranges: this.ranges(this.bar.broken) });
    this.parts.stopped.hidden = false;
  }

  /** Moved elsewhere: what is asked for next decides. */
  goOn() {
    this.broke = false;
    this.resumes = false;
    this.parts.stopped.hidden = true;
  }

  /** The bytes it waited for hold: those that broke were of a place it had left. */
  cameAfterAll() {
    if (!this.broke || this.parts.stopped.hidden) return;
    this.parts.stopped.hidden = true;
    if (this.resumes) this.video.play();
    this.resumes = false;
  }

  failed() {
    if (this.broke || !this.video.getAttribute("src")) return;
    this.parts.stopped.textContent = this.words.failed;
    this.parts.stopped.hidden = false;
  }

  async verifyAll() {
    const [turn, file] = [this.turn, this.file];
    this.parts.all.disabled = true;
    for (let index = 0; index < file.leaves.length && turn === this.turn; index += 1) {
      try {
        await file.chunk(index);
      } catch (error) {
        if (error instanceof BrokenChunk) continue; // it is told; the others are looked at all the same
        this.say("undecided", this.words.unreachable);
        break;
      }
    }
    this.parts.all.disabled = false;
  }
}

const stage = document.querySelector("[data-film]");
if (stage) await new Player(stage).start();
