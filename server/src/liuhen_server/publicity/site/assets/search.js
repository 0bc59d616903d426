/* Search of the public site, without a server: shards of the index are scripts, which a page may load from a disk too. */
(function () {
  "use strict";
  var base = document.currentScript.src.replace(/assets\/search\.js.*$/, "");
  var shown = 30, most = 600, waiting = {}, had = {};
  var form = document.getElementById("search"), list = document.getElementById("results"), said = document.getElementById("said");
  if (!form || !list || !said) { return; }
  var box = form.elements.namedItem("q"), turn = 0;

  window.liuhenFound = function (what, number, value) {
    var key = what + number, calls = waiting[key] || [];
    had[key] = value;
    delete waiting[key];
    calls.forEach(function (call) { call(value); });
  };

  function load(what, number, file) {
    var key = what + number;
    return new Promise(function (resolve, reject) {
      if (Object.prototype.hasOwnProperty.call(had, key)) { resolve(had[key]); return; }
      if (waiting[key]) { waiting[key].push(resolve); return; }
      waiting[key] = [resolve];
      var script = document.createElement("script");
      script.src = base + "search/" + file + ".js";
      script.onerror = function () { delete waiting[key]; reject(new Error(file)); };
      document.head.appendChild(script);
    });
  }

  function squeezed(text) {
    return Array.from(text.normalize("NFKC").toLowerCase()).filter(function (sign) {
      return sign.length === 1 && /[\p{L}\p{N}]/u.test(sign);
    }).join("");
  }

  function pairsOf(plain) {
    var found = [];
    for (var at = 0; at + 1 < plain.length; at += 1) {
      if (found.indexOf(plain.slice(at, at + 2)) < 0) { found.push(plain.slice(at, at + 2)); }
    }
    return found;
  }

  function unpacked(text) {
    var last = 0;
    return (text || "").split(" ").filter(Boolean).map(function (step) { last += parseInt(step, 36); return last; });
  }

  function both(one, other) {
    var found = [], a = 0, b = 0;
    while (a < one.length && b < other.length) {
      if (one[a] === other[b]) { found.push(one[a]); a += 1; b += 1; } else if (one[a] < other[b]) { a += 1; } else { b += 1; }
    }
    return found;
  }

  function candidates(about, words) {
    var pairs = [];
    words.forEach(function (word) { pairsOf(word).forEach(function (pair) { if (pairs.indexOf(pair) < 0) { pairs.push(pair); } }); });
    return Promise.all(pairs.map(function (pair) {
      var shard = (pair.charCodeAt(0) * 31 + pair.charCodeAt(1)) % about.shards;
      return load("p", shard, "p" + shard).then(function (found) {
        return unpacked(Object.prototype.hasOwnProperty.call(found, pair) ? found[pair] : "");
      });
    })).then(function (lists) {
      lists.sort(function (a, b) { return a.length - b.length; });
      return lists.reduce(both);
    });
  }

  function records(about, numbers) {
    var shards = [];
    numbers.forEach(function (number) { var shard = Math.floor(number / about.records); if (shards.indexOf(shard) < 0) { shards.push(shard); } });
    return Promise.all(shards.map(function (shard) { return load("r", shard, "r" + shard); })).then(function () {
      return numbers.map(function (number) { return had["r" + Math.floor(number / about.records)][number % about.records]; });
    });
  }

  function whole(record, words) {
    var text = squeezed(record.slice(1).join(" "));
    return words.every(function (word) { return text.indexOf(word) >= 0; });
  }

  function show(record) {
    var entry = document.createElement("li"), link = document.createElement("a"), more = document.createElement("p");
    link.href = base + encodeURI(record[0]);
    link.textContent = record[1];
    more.className = "quiet";
    more.textContent = [record[2], record[3], record[4]].filter(Boolean).join(" · ");
    entry.appendChild(link);
    entry.appendChild(more);
    list.appendChild(entry);
  }

  function find(event) {
    if (event) { event.preventDefault(); }
    var mine = turn += 1, words = box.value.split(/\s+/).map(squeezed).filter(Boolean);
    list.textContent = "";
    if (!words.length) { said.textContent = ""; return; }
    if (words.every(function (word) { return word.length < 2; })) { said.textContent = "请至少输入两个字。"; return; }
    said.textContent = "正在查找……";
    load("about", 0, "about").then(function (about) {
      return candidates(about, words).then(function (numbers) {
        return records(about, numbers.slice(0, most)).then(function (found) {
          if (mine !== turn) { return; }
          var good = found.filter(function (record) { return whole(record, words); }), more = numbers.length > most;
          good.slice(0, shown).forEach(show);
          if (!good.length) { said.textContent = "没有找到。请换一个词，或者减少几个字再试。"; return; }
          said.textContent = "找到 " + good.length + (more ? " 条以上" : " 条") + (good.length > shown ? "，显示前 " + shown + " 条。请多输入几个字。" : "。");
        });
      });
    }).catch(function () {
      if (mine === turn) { said.textContent = "检索文件没有读到，请刷新页面后再试。"; }
    });
  }

  form.addEventListener("submit", find);
  form.hidden = false;
  var asked = /[?&]q=([^&]*)/.exec(window.location.search);
  if (asked) { box.value = decodeURIComponent(asked[1].replace(/\+/g, " ")); find(); }
}());
