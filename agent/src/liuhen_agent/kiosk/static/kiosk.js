// Shows what the dock says, as it says it: every text comes ready to show, nothing is decided here and nothing is sent.

const SILENT_MS = 16_000; // three beats of the stream did not come
const AGAIN_MS = 2_000;
const LOST = { what: ["屏幕与采集站程序的连接中断", "The screen lost its connection"], do: ["正在重新连接，请勿拔出记录仪；若未恢复，请联系管理员", "Connecting again. Leave recorders where they are; call the administrator if this stays"] };

const one = (selector, within = document) => within.querySelector(selector);
const main = one("main");
const message = one(".message");
const tiles = new Map();
let version = null;
let heard = 0;
let source = null;

function say(element, [chinese, english]) {
  put(one(".zh", element), chinese);
  const second = one(".en", element);
  if (second) put(second, english);
  element.hidden = !chinese && !english;
}

/** Text in which numbers stand out: they are what is read from afar. */
function put(element, text) {
  if (element.dataset.shown === text) return;
  element.dataset.shown = text;
  element.replaceChildren(...text.split(/(约 |\d[\d:.]*)/).filter(Boolean).map((part) => {
    const number = /^\d/.test(part);
    if (!number && part !== "约 ") return document.createTextNode(part);
    const made = document.createElement(number ? "b" : "span");
    made.className = number ? "" : "about";
    made.textContent = part;
    return made;
  }));
}

function tileOf(bay) {
  let tile = tiles.get(bay);
  if (!tile) {
    tile = one("#tile").content.cloneNode(true).firstElementChild;
    tiles.set(bay, tile);
  }
  return tile;
}

function showTile(told) {
  const tile = tileOf(told.bay);
  tile.dataset.kind = told.kind;
  tile.setAttribute("aria-label", `${told.bay} ${told.title.join(" ")}`);
  one(".bay", tile).textContent = told.bay;
  one(".who", tile).textContent = told.who[0];
  const mark = one(".mark", tile);
  mark.classList.toggle("ring", told.mark === "ring");
  mark.textContent = told.mark === "ring" ? "" : told.mark;
  say(one(".title", tile), told.title);
  one(".clips b", tile).textContent = told.clips;
  one(".clips .zh", tile).textContent = told.counted[0];
  one(".clips .en", tile).textContent = told.counted[1];
  one(".clips", tile).hidden = !told.clips;
  const bar = one(".bar", tile);
  bar.hidden = told.percent === null;
  if (told.percent !== null) {
    bar.setAttribute("aria-valuenow", told.percent);
    one(".read", bar).style.width = `${Math.max(told.percent, told.stored)}%`;
    one(".stored", bar).style.width = `${told.stored}%`;
  }
  one(".percent", tile).textContent = told.percent === null ? "" : `${told.percent}%`;
  say(one(".left", tile), told.left);
  one(".far", tile).hidden = told.percent === null && !told.left[0];
  say(one(".what", tile), told.what);
  say(one(".do", tile), told.do);
  say(one(".hold", tile), told.hold);
  return tile;
}

function showMessage(what, then) {
  message.hidden = false;
  message.dataset.grave = "";
  main.hidden = true;
  one(".zh.what", message).textContent = `▲ ${what[0]}`;
  one(".en.what", message).textContent = what[1];
  one(".zh.do", message).textContent = then[0];
  one(".en.do", message).textContent = then[1];
}

function showLamp(name, lamp) {
  const element = one(`[data-lamp="${name}"]`);
  element.hidden = lamp === null;
  if (lamp === null) return;
  element.classList.toggle("bad", !lamp.well);
  element.textContent = `${lamp.well ? "●" : "▲"} ${lamp.said[0]}`;
  element.title = lamp.said[1];
}

/** Instead of the day's figures: the first alarm, and how many there are. */
function showAlarms(alarms) {
  const bar = one(".alarm");
  const said = JSON.stringify(alarms);
  if (bar.dataset.shown === said) return; // what stands is not announced again
  bar.dataset.shown = said;
  bar.hidden = alarms.length === 0;
  one("footer").hidden = alarms.length > 0;
  if (bar.hidden) return;
  const [what, then] = alarms[0];
  one(".zh", bar).textContent = `▲ ${what[0]}。${then[0]}${alarms.length > 1 ? `（共 ${alarms.length} 项报警）` : ""}`;
  one(".en", bar).textContent = `${what[1]}. ${then[1]}`;
}

function show(screen) {
  if (version !== null && screen.version !== version) location.reload(); // the dock was updated: its new page
  version = screen.version;
  for (const name of ["agency", "dock", "time"]) one(`[data-text="${name}"]`).textContent = screen[name];
  for (const name of ["today", "sending"]) one(`[data-pair="${name}"]`).textContent = screen[name][0];
  showLamp("clock", screen.clock);
  showLamp("archive", screen.archive);
  showAlarms(screen.alarms);
  if (screen.message) {
    showMessage(...screen.message);
    return;
  }
  message.hidden = true;
  main.hidden = false;
  main.dataset.bays = screen.tiles.length > 8 ? "many" : screen.tiles.length > 4 ? "eight" : screen.tiles.length > 2 ? "four" : "two";
  const wanted = screen.tiles.map(showTile);
  if (wanted.length !== main.children.length || wanted.some((tile, place) => main.children[place] !== tile)) main.replaceChildren(...wanted);
}

function connect() {
  source?.close();
  heard = Date.now();
  source = new EventSource("/events");
  source.addEventListener("message", (event) => {
    heard = Date.now();
    document.body.dataset.live = "yes";
    show(JSON.parse(event.data));
  });
  source.addEventListener("beat", () => { heard = Date.now(); });
  source.addEventListener("error", lost);
}

function lost() {
  if (document.body.dataset.live === "yes") showMessage(LOST.what, LOST.do);
  document.body.dataset.live = "no";
}

connect();
setInterval(() => {
  const silent = Date.now() - heard > SILENT_MS;
  if (silent) lost();
  if (silent || source.readyState === EventSource.CLOSED) connect();
}, AGAIN_MS);
