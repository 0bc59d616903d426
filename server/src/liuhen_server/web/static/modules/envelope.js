// A signed statement's envelope: DSSE with one Ed25519 signature (docs/spec/envelope.md).

import { Malformed, Refused, concat, fromBase64, fromHex, isDigest, utf8 } from "./bytes.js";
import { signatureIsValid } from "./ed25519.js";
import { hasJust, readObject } from "./strict_json.js";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const MOST_BYTES = 65_535;
const KEYID = "ed25519:";

const pae = (payload) => concat(utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload);

/** `{payload, key}`, both bytes: who holds `key` (hexadecimal in the key id) signed the payload. Nobody has vouched for the key yet.
 * Throws Malformed, Refused("bad-signature"). */
export async function openEnvelope(bytes) {
  if (bytes.length > MOST_BYTES) throw new Malformed("envelope: too long");
  const fields = readObject(bytes, "envelope");
  const signature = Array.isArray(fields.signatures) && fields.signatures.length === 1 ? fields.signatures[0] : null;
  const formed =
    hasJust(fields, ["payload", "payloadType", "signatures"]) &&
    hasJust(signature, ["keyid", "sig"]) &&
    [fields.payload, signature.keyid, signature.sig].every((text) => typeof text === "string");
  if (!formed) throw new Malformed("envelope: not payload, payloadType and one signature with keyid and sig");
  if (fields.payloadType !== PAYLOAD_TYPE) throw new Malformed("envelope: another payload type");
  const digits = signature.keyid.slice(KEYID.length);
  if (!signature.keyid.startsWith(KEYID) || !isDigest(digits)) throw new Malformed("envelope: not a key id");
  const signed = fromBase64(signature.sig, "envelope: the signature");
  if (signed.length !== 64) throw new Malformed("envelope: the signature has not 64 bytes");
  const payload = fromBase64(fields.payload, "envelope: the payload");
  if (!(await signatureIsValid(fromHex(digits), pae(payload), signed))) {
    throw new Refused("bad-signature", "the signature of this statement is not good: it, or the statement, was altered");
  }
  return { payload, key: digits };
}
