// One JSON object in UTF-8: no name twice, whole numbers only. The browser's own parser takes both silently.

import { Malformed, textOf } from "./bytes.js";

const DEEPEST = 32; // nothing of ours is deeper than ten
const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
const WORD = /true|false|null/y;

class Reader {
  constructor(text, what) {
    this.text = text;
    this.what = what;
    this.at = 0;
  }

  fail() {
    throw new Malformed(`${this.what}: not JSON as statements are written`);
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  sign(expected) {
    this.take(SPACE);
    if (this.text[this.at] !== expected) return false;
    this.at += 1;
    this.take(SPACE);
    return true;
  }

  value(depth) {
    if (depth > DEEPEST) this.fail();
    this.take(SPACE);
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.list(depth);
    if (first === '"') return this.string();
    const number = this.take(NUMBER);
    if (number !== null) return this.number(number);
    const word = this.take(WORD);
    return word === null ? this.fail() : { true: true, false: false, null: null }[word];
  }

  number(digits) {
    const number = Number(digits) || 0; // no minus zero
    return Number.isSafeInteger(number) ? number : this.fail();
  }

  string() {
    const quoted = this.take(STRING);
    return quoted === null ? this.fail() : JSON.parse(quoted);
  }

  list(depth) {
    const items = [];
    this.sign("[");
    if (this.sign("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.sign(","));
    return this.sign("]") ? items : this.fail();
  }

  object(depth) {
    const fields = Object.create(null);
    this.sign("{");
    if (this.sign("}")) return fields;
    do {
      const name = this.string();
      if (Object.hasOwn(fields, name) || !this.sign(":")) this.fail();
      fields[name] = this.value(depth + 1);
    } while (this.sign(","));
    return this.sign("}") ? fields : this.fail();
  }
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether `value` is an object with just these names. */
export function hasJust(value, names) {
  return isObject(value) && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
}

/** The object; its prototype is null, so that it has no name but its own. Throws Malformed. */
export function readObject(bytes, what) {
  const reader = new Reader(textOf(bytes, what), what);
  const value = reader.value(0);
  reader.take(SPACE);
  if (!isObject(value) || reader.at !== reader.text.length) reader.fail();
  return value;
}
