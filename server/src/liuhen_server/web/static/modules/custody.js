// What the evidence says of one stored file: its size and the root of its chunk tree, signed, logged and cosigned; or why not.
//
// Of the verifier's nine steps (docs/spec/verifier.md) these are looked at: 3 statements, 4 signatures, 6 inclusion,
// 7 checkpoint, 8 cosignatures, and of 2 what the two statements say of each other. Not 5, the dock's chain, and 9, the
// order of time: those the archive looked at, and `liuhen-verify` does.

import { Missing, Refused, equal, hex } from "./bytes.js";
import { openEnvelope } from "./envelope.js";
import { leafHash } from "./merkle.js";
import { Policy } from "./policy.js";
import { OF_THE_ARCHIVE, OtherKind, readStatement } from "./statement.js";
import { checkProof, readProof, splitProofs } from "./tlog_proof.js";

const ARCHIVE = "archive";
const PROMISES = { original: "clip.collected", derivative: "clip.derived" };

/** Every proof of the bundle checked by itself: the statement is signed, and in a log that the policy accepts. */
async function readEntries(bundle, policy) {
  const entries = [];
  const roots = new Map();
  for (const text of splitProofs(bundle)) {
    const proof = readProof(text);
    if (proof.extra === null) throw new Refused("malformed", "a proof without its entry");
    const { payload, key } = await openEnvelope(proof.extra);
    const { checkpoint, cosigned } = await checkProof(proof, proof.extra, policy);
    const root = roots.get(checkpoint.size) ?? checkpoint.root;
    if (!equal(root, checkpoint.root)) throw new Refused("two-views", "the log signed two states of one size");
    roots.set(checkpoint.size, root);
    try {
      const leaf = hex(await leafHash(proof.extra));
      entries.push({ index: Number(proof.index), leaf, key, checkpoint, cosigned, ...readStatement(payload) });
    } catch (error) {
      if (!(error instanceof OtherKind)) throw error; // nothing here rests on another kind
    }
  }
  return entries;
}

function checkArchive(entries) {
  const started = entries.find((one) => one.kind === "archive.started");
  if (started === undefined) throw new Missing("no-archive-key", "archive.started, which names the archive's key, is missing");
  if (started.index !== 0) throw new Refused("not-the-first", "archive.started is not the log's first entry");
  for (const one of entries) {
    if (OF_THE_ARCHIVE.includes(one.kind) && one.source !== ARCHIVE) {
      throw new Refused("other-source", `${one.kind} is stated by another than the archive`);
    }
    if (one.source === ARCHIVE && one.key !== started.event.statement_key) {
      throw new Refused("other-key", `${one.kind} is not signed by the archive's key`);
    }
  }
}

/** The key of the newest enrolment or rotation before the promise, and no revocation before it. */
function checkDock(entries, promise) {
  let newest = { index: -1, key: null };
  for (const { kind, index, event } of entries) {
    const key = { "dock.enrolled": event.public_key, "key.rotated": event.new_key, "dock.revoked": null }[kind];
    if (key === undefined || event.dock !== promise.source || index > promise.index || index <= newest.index) continue;
    newest = { index, key };
  }
  if (newest.index < 0) throw new Missing("no-enrolment", "dock.enrolled, which names the dock's key, is missing");
  if (newest.key === null) throw new Refused("revoked", "the dock was revoked before this statement");
  if (newest.key !== promise.key) throw new Refused("other-key", `${promise.kind} is not signed by the dock's key`);
}

function findStored(entries, asked) {
  const all = entries.filter((one) => one.kind === "clip.stored");
  const stored = all.find((one) => one.subject.sha256 === asked.sha256 && one.event.dock === asked.dock);
  if (stored === undefined && all.length) throw new Refused("other-clip", "clip.stored speaks of another clip");
  if (stored === undefined) throw new Missing("no-stored", "no published checkpoint covers clip.stored yet");
  const original = asked.kind === "derivative" ? asked.original : null;
  if (stored.event.kind !== asked.kind || stored.event.original !== original) {
    throw new Refused("other-kind", "the archive stored it as something else");
  }
  return stored;
}

function findPromise(entries, stored, asked) {
  const promise = entries.find((one) => one.leaf === stored.event.promised_leaf);
  if (promise === undefined) {
    const there = entries.some((one) => one.kind === PROMISES[asked.kind] && one.subject.sha256 === asked.sha256);
    if (there) throw new Refused("other-promise", "the archive stored it on another promise than this one");
    throw new Missing("no-collected", "the dock's statement is missing");
  }
  const placed = promise.index === stored.event.promised_index && promise.index < stored.index;
  if (!placed || promise.kind !== PROMISES[asked.kind]) throw new Refused("other-promise", "not what it was stored on");
  if (promise.source !== asked.dock) throw new Refused("other-dock", "another dock stated it");
  if (asked.kind === "derivative" && promise.event.original !== asked.original) {
    throw new Refused("other-clip", "it was made from another clip");
  }
  return promise;
}

function checkDigests(stored, promise) {
  const [one, other] = [stored.subject, promise.subject];
  const same = stored.event.size === promise.event.size && stored.event.chunk_root === promise.event.chunk_root;
  const otherSm3 = one.sm3 !== undefined && other.sm3 !== undefined && one.sm3 !== other.sm3;
  if (one.sha256 !== other.sha256 || !same || otherSm3 || stored.event.size < 0) {
    throw new Refused("other-digest", "the two statements speak of different bytes");
  }
}

/** `asked`: `{dock, sha256, kind}`, for a derivative also `original`. Gives `{size, chunkRoot, promise, stored, logSize, cosigned}`.
 * Throws Malformed and Refused (it does not hold), Missing (it cannot be decided). */
export async function readCustody(bundle, policyText, asked) {
  if (bundle.length === 0) throw new Missing("no-proof", "no published checkpoint covers these statements yet");
  const entries = await readEntries(bundle, await Policy.parse(policyText));
  checkArchive(entries);
  const stored = findStored(entries, asked);
  const promise = findPromise(entries, stored, asked);
  checkDigests(stored, promise);
  checkDock(entries, promise);
  const { size, chunk_root: chunkRoot } = stored.event;
  return { size, chunkRoot, promise, stored, logSize: Number(stored.checkpoint.size), cosigned: stored.cosigned };
}
