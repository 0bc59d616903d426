// Answers the vectors' questions with the page's own modules. `base` is where the archive serves them; bytes come as base64.
async ({ base, questions }) => {
  const load = (name) => import(`${base}/${name}.js`);
  const [bytes, merkle, envelope, statement, note, policy, proof, custody, json, chunks] = await Promise.all(
    ["bytes", "merkle", "envelope", "statement", "note", "policy", "tlog_proof", "custody", "strict_json", "chunks"].map(load),
  );
  const raw = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const list = (texts) => texts.map(raw);
  const policyOf = (given) => policy.Policy.parse(bytes.utf8(given.policy));

  const answers = {
    async digest(given) {
      const data = raw(given.bytes);
      const leaves = [];
      for (let at = 0; at < data.length; at += chunks.CHUNK) leaves.push(await merkle.leafHash(data.subarray(at, at + chunks.CHUNK)));
      const root = bytes.hex(await merkle.rootOf(leaves));
      await chunks.readLeaves(bytes.concat(...leaves), data.length, root);
      return { size: data.length, sha256: bytes.hex(await bytes.sha256(data)), chunk_root: root };
    },
    async envelope(given) {
      const data = raw(given.envelope);
      const { payload, key } = await envelope.openEnvelope(data);
      return { payload: bytes.textOf(payload, "payload"), public: key, hash: bytes.hex(await bytes.sha256(data)) };
    },
    async statement(given) {
      const payload = raw(given.payload);
      const { kind } = statement.readStatement(payload);
      return { kind, fields: json.readObject(payload, "vector") };
    },
    async vkey(given) {
      const key = await note.readVerifierKey(given.vkey);
      return { name: key.name, type: key.type, public: bytes.hex(key.key), key_id: bytes.hex(key.id) };
    },
    async note(given) {
      return { signed: await note.isSigned(note.readNote(raw(given.note)), await note.readVerifierKey(given.vkey)) };
    },
    async checkpoint(given) {
      const key = await note.readVerifierKey(given.log_key);
      const found = await note.openCheckpoint(note.readNote(raw(given.note)), key);
      return { origin: found.origin, size: Number(found.size), root: bytes.toBase64(found.root) };
    },
    async cosignature(given) {
      const key = await note.readVerifierKey(given.witness_key);
      const time = await note.cosignedAt(note.readNote(raw(given.note)), key);
      return { time: time === null ? null : Number(time) };
    },
    async inclusion(given) {
      const [leaf, root] = list([given.leaf, given.root]);
      await merkle.checkInclusion(leaf, BigInt(given.index), BigInt(given.size), list(given.proof), root);
    },
    async policy(given) {
      const found = await policy.Policy.parse(raw(given.policy));
      const groups = Object.fromEntries([...found.groups].map(([name, one]) => [name, [one.threshold, ...one.members]]));
      return { logs: found.logs.map((log) => log.name), witnesses: [...found.witnesses.keys()], groups, quorum: found.quorum };
    },
    async accept(given) {
      const { cosigned } = await (await policyOf(given)).accept(raw(given.note));
      return { cosigned: Object.fromEntries([...cosigned].map(([name, time]) => [name, Number(time)])) };
    },
    async "tlog-proof"(given) {
      const text = bytes.textOf(raw(given.proof), "proof");
      const found = proof.readProof(text);
      const { checkpoint } = await proof.checkProof(found, raw(given.entry), await policyOf(given));
      return { index: Number(found.index), size: Number(checkpoint.size) };
    },
    async "verify-clip"(given) {
      const asked = { dock: given.dock, sha256: given.observed.sha256, kind: "original", original: given.observed.sha256 };
      const found = await custody.readCustody(raw(given.bundle), bytes.utf8(given.policy), asked);
      return { size: found.size, chunk_root: found.chunkRoot };
    },
  };

  const answer = async ({ check, input }) => {
    try {
      return { answer: "holds", value: (await answers[check](input)) ?? null };
    } catch (error) {
      if (error instanceof bytes.Malformed) return { answer: "malformed", other: error instanceof statement.OtherKind };
      if (error instanceof bytes.Refused) return { answer: "refused", code: error.code };
      if (error instanceof bytes.Missing) return { answer: "undecided", code: error.code };
      return { answer: `failed: ${error.stack}` };
    }
  };
  return Promise.all(questions.map(answer));
}
