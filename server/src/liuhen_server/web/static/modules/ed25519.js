// Ed25519 by the browser's WebCrypto. Where it is not there nothing can be decided, and nothing is said to hold.

import { Missing, fromHex, hex, utf8 } from "./bytes.js";

// Points of order 1, 2, 4 and 8 in every encoding (sign bit left out): under such a key anybody can sign.
const SMALL_ORDER = new Set([
  "00".repeat(32),
  "01" + "00".repeat(31),
  "ec" + "ff".repeat(30) + "7f",
  "ed" + "ff".repeat(30) + "7f",
  "ee" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

// RFC 8032, section 7.1, test 1: the empty message.
const KNOWN_KEY = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
const KNOWN_SIGNATURE = fromHex(
  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
);

async function verify(key, message, signature) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

/** Throws Missing where this browser does not check Ed25519, or answers a known question wrongly. */
export async function needsEd25519() {
  let right = false;
  try {
    const yes = await verify(KNOWN_KEY, new Uint8Array(), KNOWN_SIGNATURE);
    right = yes === true && (await verify(KNOWN_KEY, utf8("another message"), KNOWN_SIGNATURE)) === false;
  } catch {
    // not there: the sentence below
  }
  if (!right) throw new Missing("no-ed25519", "this browser does not check Ed25519 signatures");
}

/** A key or a signature of a wrong form, or a key under which anybody can sign, is not valid. */
export async function signatureIsValid(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const unsigned = key.slice();
  unsigned[31] &= 0x7f;
  if (SMALL_ORDER.has(hex(unsigned))) return false;
  try {
    return await verify(key, message, signature);
  } catch {
    return false; // no point of the curve
  }
}
