// Signed notes, verifier keys and checkpoints (docs/spec/note.md, log.md, witness.md).

import { Malformed, Refused, concat, equal, fromBase64, hex, sha256, textOf, utf8 } from "./bytes.js";
import { signatureIsValid } from "./ed25519.js";

export const LOG = 1;
export const WITNESS = 4;
const MOST_BYTES = 1 << 20;
const MOST_SIGNATURES = 100;
const LARGEST = 1n << 62n;
// White space of any script, plus, control characters, halves of characters.
const NO_NAME = /[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+\u0000-\u001f\u007f\p{Cs}]/u;

function checkName(name, what) {
  if (name === "" || NO_NAME.test(name)) throw new Malformed(`${what}: not a key's name`);
  return name;
}

/** An ASCII decimal without leading zeroes, as BigInt. Throws Malformed. */
export function decimal(text, what) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > LARGEST) throw new Malformed(`${what}: not a number`);
  return BigInt(text);
}

/** `{name, type, key, id}` of a verifier key's text. Throws Malformed. */
export async function readVerifierKey(text) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new Malformed("verifier key: not name, key id and key");
  checkName(name, "verifier key");
  const material = fromBase64(encoded, "verifier key");
  if (![LOG, WITNESS].includes(material[0]) || material.length !== 33) throw new Malformed("verifier key: not Ed25519");
  const computed = (await sha256(utf8(`${name}\n`), material)).slice(0, 4);
  if (hex(computed) !== id) throw new Malformed("verifier key: another key id");
  return { name, type: material[0], key: material.slice(1), id: computed };
}

function readSignature(line) {
  const [, name, encoded] = /^— ([^ ]*) (.+)$/s.exec(line) ?? [];
  if (name === undefined) throw new Malformed("note: not a signature line");
  const data = fromBase64(encoded, "note: a signature");
  if (data.length < 5) throw new Malformed("note: a signature is too short");
  return { name: checkName(name, "note"), id: data.slice(0, 4), data: data.slice(4) };
}

/** `{text, signatures}`: the signed bytes, their last line feed included. Throws Malformed. */
export function readNote(bytes) {
  if (bytes.length > MOST_BYTES) throw new Malformed("note: too long");
  const whole = textOf(bytes, "note");
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw new Malformed("note: a control character");
  const end = whole.lastIndexOf("\n\n");
  const lines = whole.slice(end + 2);
  if (end < 0 || !lines.endsWith("\n")) throw new Malformed("note: no empty line before the signatures");
  const signatures = lines.slice(0, -1).split("\n").map(readSignature);
  if (signatures.length > MOST_SIGNATURES) throw new Malformed("note: too many signatures");
  return { text: utf8(whole.slice(0, end + 1)), signatures };
}

const signedBy = (note, key) => note.signatures.filter((one) => one.name === key.name && equal(one.id, key.id));

/** Whether a log's key signed the note. Throws Refused("bad-signature") where a line names the key and does not verify. */
export async function isSigned(note, key) {
  const found = signedBy(note, key);
  for (const one of found) {
    if (!(await signatureIsValid(key.key, note.text, one.data))) {
      throw new Refused("bad-signature", `the signature of ${key.name} on this note is not good`);
    }
  }
  return found.length > 0;
}

/** Seconds (BigInt) at which a witness cosigned, the latest; null when it did not. Throws Refused("bad-cosignature"). */
export async function cosignedAt(note, key) {
  let latest = null;
  for (const { data } of signedBy(note, key)) {
    const time = data.length === 72 ? new DataView(data.buffer, data.byteOffset).getBigUint64(0) : 0n;
    const message = concat(utf8(`cosignature/v1\ntime ${time}\n`), note.text);
    const formed = time > 0n && time < 1n << 63n;
    if (!formed || !(await signatureIsValid(key.key, message, data.slice(8)))) {
      throw new Refused("bad-cosignature", `the cosignature of ${key.name} is not good`);
    }
    latest = latest === null || time > latest ? time : latest;
  }
  return latest;
}

/** `{origin, size, root}` of a checkpoint's text. Throws Malformed. */
export async function readCheckpoint(bytes) {
  const lines = textOf(bytes, "checkpoint").split("\n");
  if (lines.length !== 4 || lines[3] !== "") throw new Malformed("checkpoint: not origin, size and root");
  const root = fromBase64(lines[2], "checkpoint: the root");
  if (root.length !== 32) throw new Malformed("checkpoint: the root has not 32 bytes");
  const checkpoint = { origin: checkName(lines[0], "checkpoint"), size: decimal(lines[1], "checkpoint"), root };
  if (checkpoint.size === 0n && !equal(root, await sha256(new Uint8Array()))) {
    throw new Malformed("checkpoint: a log without entries has another root");
  }
  return checkpoint;
}

/** The checkpoint of a note that this log signed. Throws Malformed, Refused. */
export async function openCheckpoint(note, key) {
  const checkpoint = await readCheckpoint(note.text);
  if (checkpoint.origin !== key.name) throw new Refused("wrong-log", "the checkpoint is of another log");
  if (!(await isSigned(note, key))) throw new Refused("log-signature-missing", "the log did not sign this checkpoint");
  return checkpoint;
}
