// RFC 6962 trees: the root over leaf hashes, and inclusion. Sizes of logs are BigInt: they go to 2^62.

import { Refused, concat, equal, sha256 } from "./bytes.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (data) => sha256(LEAF, data);
export const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/** The root over leaf hashes; of none, SHA-256 of nothing. */
export async function rootOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  let row = leaves;
  while (row.length > 1) {
    const pairs = [];
    for (let at = 0; at + 1 < row.length; at += 2) pairs.push(nodeHash(row[at], row[at + 1]));
    const above = await Promise.all(pairs);
    if (row.length % 2) above.push(row[row.length - 1]); // one that has no neighbour goes up as it is
    row = above;
  }
  return row[0];
}

/** RFC 9162 section 2.1.3.2. Throws Refused("not-included"). */
export async function checkInclusion(leaf, index, size, proof, root) {
  const refuse = (why) => {
    throw new Refused("not-included", `the inclusion proof of leaf ${index} ${why}`);
  };
  if (index < 0n || index >= size) refuse("speaks of a place outside of the tree");
  let fn = index;
  let sn = size - 1n;
  let computed = leaf;
  for (const sibling of proof) {
    if (sn === 0n) refuse("is too long");
    if (fn & 1n || fn === sn) {
      computed = await nodeHash(sibling, computed);
      while (!(fn & 1n) && fn) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      computed = await nodeHash(computed, sibling);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn) refuse("is too short");
  if (!equal(computed, root)) refuse("does not lead to the root");
}
