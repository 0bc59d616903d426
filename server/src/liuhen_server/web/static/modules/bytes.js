// Bytes and their spellings, strictly; and the three ways in which evidence can fail to convince.

/** The bytes are not of their format. */
export class Malformed extends Error {
  code = "malformed";
}

/** A rule does not hold; `code` is the word that the verifier's pages use for it. */
export class Refused extends Error {
  constructor(code, why) {
    super(why);
    this.code = code;
  }
}

/** Something is missing: nothing contradicts, nothing is shown. */
export class Missing extends Error {
  constructor(code, why) {
    super(why);
    this.code = code;
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const equal = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const isDigest = (text) => typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

/** The bytes of hexadecimal digits that were checked. */
export const fromHex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export const utf8 = (text) => new TextEncoder().encode(text);

/** The text of UTF-8, every character of it. Throws Malformed. */
export function textOf(bytes, what) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed(`${what}: not UTF-8`);
  }
}

export function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** Standard base64, padded, in the one spelling of its bytes. Throws Malformed. */
export function fromBase64(text, what) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) throw new Malformed(`${what}: not base64`);
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Malformed(`${what}: not the one spelling that base64 has for it`);
  return bytes;
}

/** SHA-256 of the parts one after the other. */
export async function sha256(...parts) {
  const whole = parts.length === 1 ? parts[0] : concat(...parts);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}
