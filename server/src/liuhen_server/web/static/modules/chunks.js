// One stored file, read in whole chunks of 1 MiB, of which nothing is given on before its hash is the signed one.

import { Refused, equal, hex } from "./bytes.js";
import { leafHash, rootOf } from "./merkle.js";

export const CHUNK = 1 << 20;
const HASH = 32;
const KEPT = 8; // chunks in memory at once, at most

/** The leaves of a list of hashes, if they lead to the signed root. Throws Refused("other-leaves"). */
export async function readLeaves(list, size, chunkRoot) {
  const leaves = [];
  for (let at = 0; at < list.length; at += HASH) leaves.push(list.slice(at, at + HASH));
  const count = Math.ceil(size / CHUNK);
  if (list.length !== count * HASH || hex(await rootOf(leaves)) !== chunkRoot) {
    throw new Refused("other-leaves", "the list of chunk hashes does not lead to the signed root");
  }
  return leaves;
}

/** The stored bytes of one chunk are not those that were signed. */
export class BrokenChunk extends Error {
  constructor(index) {
    super(`chunk ${index} is not what was signed`);
    this.index = index;
  }
}

/** The archive did not give the bytes: nothing is known of them. */
export class Unreachable extends Error {}

export class VerifiedFile {
  #kept = new Map(); // index → promise of verified bytes; the newest stand last

  /** `fetchRange(first, last)` gives a Response; `told(index, held)` hears of each chunk that was looked at. */
  constructor({ size, leaves, fetchRange, told }) {
    this.size = size;
    this.leaves = leaves;
    this.fetchRange = fetchRange;
    this.told = told;
  }

  /** Bytes of the chunk, verified. Throws BrokenChunk, Unreachable. */
  chunk(index) {
    const known = this.#kept.get(index);
    this.#kept.delete(index);
    const bytes = known ?? this.#read(index);
    this.#kept.set(index, bytes);
    bytes.catch(() => this.#kept.get(index) === bytes && this.#kept.delete(index)); // asked for again, it is read again
    for (const oldest of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - KEPT))) this.#kept.delete(oldest);
    return bytes;
  }

  /** Verified bytes from `first` to `last` or to the end of the chunk that `first` lies in, whichever comes first; the chunk
   * after it is read ahead. */
  async from(first, last) {
    const index = Math.floor(first / CHUNK);
    const bytes = await this.chunk(index);
    if (index + 1 < this.leaves.length) this.chunk(index + 1).catch(() => {}); // whoever needs it hears of it then
    const start = first - index * CHUNK;
    return bytes.subarray(start, Math.min(bytes.length, last - index * CHUNK + 1));
  }

  async #read(index) {
    const first = index * CHUNK;
    const length = Math.min(CHUNK, this.size - first);
    const bytes = await this.#bytes(first, first + length - 1);
    const held = bytes.length === length && equal(await leafHash(bytes), this.leaves[index]);
    this.told(index, held);
    if (!held) throw new BrokenChunk(index);
    return bytes;
  }

  async #bytes(first, last) {
    let response;
    try {
      response = await this.fetchRange(first, last);
      if (response.status === 416) return new Uint8Array(); // the stored file ends before
      if (response.status === 206) return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      throw new Unreachable(String(error));
    }
    throw new Unreachable(`the archive answered ${response.status}`);
  }
}
