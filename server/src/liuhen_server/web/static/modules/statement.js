// Statements (docs/spec/statement.md), of the kinds that bind a clip to its keys. Any other kind is refused by name.

import { Malformed, isDigest } from "./bytes.js";
import { hasJust, readObject } from "./strict_json.js";

const TYPE = "https://in-toto.io/Statement/v1";
const PREFIX = "https://liuhen.example/custody/v1/";
const TIME = /^\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d\.\d{3}Z$/;
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\p{Cs}]/u; // control characters and halves of characters

/** A kind that this reader has no use for. */
export class OtherKind extends Malformed {}

const text = (value) => typeof value === "string" && !UNSHOWN.test(value);
const number = (value) => Number.isSafeInteger(value);
const flag = (value) => typeof value === "boolean";
const digest = isDigest;
const or_null = (rule) => (value) => value === null || rule(value);
const fields = (rules) => (value) =>
  hasJust(value, Object.keys(rules)) && Object.entries(rules).every(([name, rule]) => rule(value[name]));

/** UTC, milliseconds, a day and time that exist. */
export function time(value) {
  if (typeof value !== "string" || !TIME.test(value) || value < "0001") return false;
  const moment = new Date(value);
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === value;
}

const EVENTS = {
  "archive.started": fields({ version: text, origin: text, statement_key: digest }),
  "dock.enrolled": fields({
    dock: text,
    agency: text,
    public_key: digest,
    certificate_sha256: digest,
    continues: or_null(fields({ seq: number, hash: digest })),
  }),
  "dock.revoked": fields({
    dock: text,
    public_key: digest,
    reason: text,
    last_seq: number,
    last_hash: or_null(digest),
  }),
  "key.rotated": fields({
    dock: text,
    old_key: digest,
    new_key: digest,
    after_seq: number,
    after_hash: or_null(digest),
    reason: text,
  }),
  "clip.collected": fields({
    session: text,
    bay: text,
    recorder: text,
    officer: or_null(text),
    path: text,
    raw: or_null(text),
    size: number,
    chunk_root: digest,
    important: flag,
    recorder_time: or_null(text),
    modified: or_null(text),
    began: time,
    finished: time,
  }),
  "clip.derived": fields({
    original: digest,
    role: text,
    media_type: text,
    recipe: text,
    tool: text,
    size: number,
    chunk_root: digest,
  }),
  "clip.stored": fields({
    kind: text,
    original: or_null(digest),
    size: number,
    chunk_root: digest,
    dock: text,
    promised_index: number,
    promised_leaf: digest,
    store: text,
    read_back: time,
  }),
};
export const KINDS = Object.freeze(Object.keys(EVENTS));
const OF_A_CLIP = ["clip.collected", "clip.derived", "clip.stored"];
/** What only the archive may state. */
export const OF_THE_ARCHIVE = ["archive.started", "dock.enrolled", "dock.revoked", "key.rotated", "clip.stored"];

const isSource = (value) => typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value);

const isLink = (value) =>
  hasJust(value, ["source", "seq", "prev", "time", "clock", "event"]) &&
  isSource(value.source) &&
  number(value.seq) &&
  value.seq >= 0 &&
  (value.seq === 0 ? value.prev === null : digest(value.prev)) &&
  time(value.time) &&
  fields({ source: text, uncertainty_ms: number })(value.clock) &&
  value.clock.uncertainty_ms >= 0;

const isSubject = (value) =>
  hasJust(value, ["name", "digest"]) &&
  text(value.name) &&
  (fields({ sha256: digest })(value.digest) || fields({ sha256: digest, sm3: digest })(value.digest));

/** `{kind, source, time, event, subject, clock}`. Throws Malformed, OtherKind. */
export function readStatement(payload) {
  const statement = readObject(payload, "statement");
  const refuse = (why) => {
    throw new Malformed(`statement: ${why}`);
  };
  if (!hasJust(statement, ["_type", "subject", "predicateType", "predicate"])) refuse("a field too many or too few");
  if (statement._type !== TYPE) refuse("not an in-toto Statement v1");
  const { predicateType: type, predicate: link } = statement;
  if (typeof type !== "string" || !type.startsWith(PREFIX)) refuse("not a predicate of this vocabulary");
  const kind = type.slice(PREFIX.length);
  if (!Object.hasOwn(EVENTS, kind)) throw new OtherKind(`statement: of the kind ${kind.slice(0, 60)}`);
  if (!Array.isArray(statement.subject) || statement.subject.length !== 1) refuse("not one subject");
  const [subject] = statement.subject;
  if (!isSubject(subject)) refuse("the subject is not a name and a digest");
  if (!isLink(link)) refuse("its place in the chain is not of its form");
  if (!EVENTS[kind](link.event)) refuse(`not the fields of ${kind}`);
  if (!OF_A_CLIP.includes(kind) && link.prev !== null) {
    const place = subject.name === `${link.source}#${link.seq - 1}` && subject.digest.sha256 === link.prev;
    if (!place || Object.hasOwn(subject.digest, "sm3")) refuse("the subject is not the place in the chain");
  }
  const { source, clock, event } = link;
  return { kind, source, time: link.time, clock, event, subject: { name: subject.name, ...subject.digest } };
}
