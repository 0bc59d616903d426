// C2SP tlog-proofs with their entry in the extra line (docs/spec/tlog-proof.md).

import { Malformed, fromBase64, textOf, utf8 } from "./bytes.js";
import { checkInclusion, leafHash } from "./merkle.js";
import { decimal } from "./note.js";

const MAGIC = "c2sp.org/tlog-proof@v1";
const MOST_HASHES = 63;

/** The proofs of a bundle as texts, one after the other. Throws Malformed. */
export function splitProofs(bytes) {
  const text = textOf(bytes, "proofs");
  if (!text.startsWith(`${MAGIC}\n`)) throw new Malformed("proofs: the bundle does not begin with a proof");
  return text.split(new RegExp(`\\n(?=${MAGIC.replaceAll(".", "\\.")}\\n)`)).map((one, at, all) => one + (at < all.length - 1 ? "\n" : ""));
}

/** `{index, hashes, checkpoint, extra}`; `extra` null where there is none. Throws Malformed. */
export function readProof(text) {
  const end = text.indexOf("\n\n");
  if (end < 0) throw new Malformed("tlog-proof: no empty line before the checkpoint");
  const lines = text.slice(0, end).split("\n");
  if (lines.shift() !== MAGIC) throw new Malformed("tlog-proof: another first line");
  const extra = lines[0]?.startsWith("extra ") ? fromBase64(lines.shift().slice(6), "tlog-proof: the extra line") : null;
  if (!lines[0]?.startsWith("index ")) throw new Malformed("tlog-proof: no index line");
  const index = decimal(lines.shift().slice(6), "tlog-proof: the index");
  const hashes = lines.map((line) => fromBase64(line, "tlog-proof: a hash"));
  if (hashes.length > MOST_HASHES || hashes.some((hash) => hash.length !== 32)) {
    throw new Malformed("tlog-proof: a hash that is not 32 bytes long, or too many");
  }
  return { index, hashes, checkpoint: utf8(text.slice(end + 2)), extra };
}

/** That `entry` is in the log, under a checkpoint that the policy accepts; gives what it accepted. Throws Malformed, Refused. */
export async function checkProof(proof, entry, policy) {
  const accepted = await policy.accept(proof.checkpoint);
  const { size, root } = accepted.checkpoint;
  await checkInclusion(await leafHash(entry), proof.index, size, proof.hashes, root);
  return accepted;
}
