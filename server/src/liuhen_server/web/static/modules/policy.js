// Which logs are accepted and which witnesses must have cosigned (docs/spec/policy.md).

import { Malformed, Refused, equal, textOf } from "./bytes.js";
import { LOG, WITNESS, cosignedAt, openCheckpoint, readCheckpoint, readNote, readVerifierKey } from "./note.js";

const NONE = "none";
const COMMENT = 0x23; // "#"

export class Policy {
  constructor() {
    this.logs = [];
    this.witnesses = new Map(); // name → key
    this.groups = new Map(); // name → {threshold, members}, each after its members
    this.quorum = null;
    this.members = new Set();
  }

  /** Throws Malformed. */
  static async parse(bytes) {
    if (bytes.some((byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a) || byte === 0x7f)) {
      throw new Malformed("policy: a control character");
    }
    const policy = new Policy();
    for (let start = 0, end; start <= bytes.length; start = end + 1) {
      end = bytes.indexOf(0x0a, start);
      if (end < 0) end = bytes.length;
      const line = bytes.subarray(start, end);
      const first = line.find((byte) => byte !== 0x20 && byte !== 0x09);
      if (first === undefined || first === COMMENT) continue; // a comment may be in any encoding
      await policy.line(textOf(line, "policy").split(/[ \t]+/).filter((word) => word !== ""));
    }
    if (policy.quorum === null) throw new Malformed("policy: no quorum line");
    return policy;
  }

  async line(words) {
    const [word, name, third, ...rest] = words;
    if (word === "log" && (words.length === 2 || words.length === 3)) await this.log(name);
    else if (word === "witness" && (words.length === 3 || words.length === 4)) await this.witness(name, third);
    else if (word === "group" && words.length > 3) this.group(name, third, rest);
    else if (word === "quorum" && words.length === 2) this.setQuorum(name);
    else throw new Malformed("policy: not a line of a policy");
  }

  async log(vkey) {
    const key = await readVerifierKey(vkey);
    const known = this.logs.some((log) => equal(log.key, key.key));
    if (key.type !== LOG || known) throw new Malformed("policy: not a log's key, or one that another log has");
    this.logs.push(key);
  }

  async witness(name, vkey) {
    this.newName(name);
    const key = await readVerifierKey(vkey);
    const known = [...this.witnesses.values()].some((one) => equal(one.key, key.key));
    if (key.type !== WITNESS || known) throw new Malformed("policy: not a witness's key, or one that another has");
    this.witnesses.set(name, key);
  }

  group(name, threshold, members) {
    this.newName(name);
    for (const member of members) {
      const defined = this.witnesses.has(member) || this.groups.has(member);
      if (!defined || this.members.has(member)) throw new Malformed("policy: a member that is not defined, or twice");
      this.members.add(member);
    }
    const counts = { all: members.length, any: 1 };
    const count = counts[threshold] ?? (/^[0-9]{1,3}$/.test(threshold) ? Number(threshold) : 0);
    if (count < 1 || count > members.length) throw new Malformed("policy: a group that nothing can meet");
    this.groups.set(name, { threshold: count, members });
  }

  setQuorum(name) {
    const defined = name === NONE || this.witnesses.has(name) || this.groups.has(name);
    if (this.quorum !== null || !defined) throw new Malformed("policy: a second quorum, or one that is not defined");
    this.quorum = name;
  }

  newName(name) {
    if (name === NONE || this.witnesses.has(name) || this.groups.has(name)) throw new Malformed("policy: a name twice");
  }

  quorumMet(names) {
    const met = new Set(names);
    for (const [name, { threshold, members }] of this.groups) {
      if (members.filter((member) => met.has(member)).length >= threshold) met.add(name);
    }
    return this.quorum === NONE || met.has(this.quorum);
  }

  /** `{checkpoint, cosigned}` (name → seconds) of a note that a log signed and the quorum cosigned. Throws Malformed, Refused. */
  async accept(bytes) {
    const note = readNote(bytes);
    const { origin } = await readCheckpoint(note.text);
    const key = this.logs.find((log) => log.name === origin);
    if (key === undefined) throw new Refused("wrong-log", "the policy does not know this log");
    const checkpoint = await openCheckpoint(note, key);
    const cosigned = new Map();
    for (const [name, witness] of this.witnesses) {
      const time = await cosignedAt(note, witness);
      if (time !== null) cosigned.set(name, time);
    }
    if (!this.quorumMet(cosigned.keys())) throw new Refused("quorum-missing", "too few witnesses cosigned the checkpoint");
    return { checkpoint, cosigned };
  }
}
