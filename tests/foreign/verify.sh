#!/bin/sh
# Checks Liuhen's signatures with openssl and coreutils alone: what anyone can read through and run without our programs.
#
#   verify.sh envelope FILE [PUBLIC]     a DSSE envelope; PUBLIC is the base64 of the signer's 32 bytes (default: the key that its keyid names)
#   verify.sh checkpoint FILE VKEY       the log's signature on a checkpoint
#   verify.sh cosignature FILE VKEY      a witness's cosignature/v1 on a checkpoint; prints its time
#   verify.sh clip FILE SHA256           the flat digest of a clip
#
# Leaves with 0 when it holds, 1 when it does not, 2 when asked wrongly.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

broken() { echo "■ 不成立 broken: $1"; exit 1; }
holds() { echo "● 成立 holds: $1"; }

# The 12 bytes before an Ed25519 key in a SubjectPublicKeyInfo are 16 base64 characters, so that base64 can simply be joined.
public_key() { printf -- '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA%s\n-----END PUBLIC KEY-----\n' "$1" > "$work/key"; }
signature_is_good() {
  [ "$(wc -c < "$work/signature")" -eq 64 ] || return 1
  openssl pkeyutl -verify -pubin -inkey "$work/key" -rawin -in "$work/message" -sigfile "$work/signature" > /dev/null 2>&1
}
# The value of the only string field of that name in one line of JSON.
field() { sed -n 's/.*"'"$2"'":[[:space:]]*"\([^"\\]*\)".*/\1/p' "$1"; }

envelope() {
  type=$(field "$1" payloadType)
  field "$1" payload | base64 -d > "$work/payload" || broken "$1: the payload is not base64"
  field "$1" sig | base64 -d > "$work/signature" || broken "$1: the signature is not base64"
  key=${2:-}
  if [ -z "$key" ]; then
    hex=$(field "$1" keyid | sed -n 's/^ed25519:\([0-9a-f]\{64\}\)$/\1/p')
    [ -n "$hex" ] || broken "$1: the keyid names no key"
    key=$(printf '%s' "$hex" | tr a-f A-F | basenc --base16 -d | base64)
  fi
  public_key "$key"
  { printf 'DSSEv1 %d %s %d ' "${#type}" "$type" "$(wc -c < "$work/payload")"; cat "$work/payload"; } > "$work/message"
  signature_is_good || broken "$1: the signature is not of this key"
  holds "$1: $(wc -c < "$work/payload") bytes signed by $key"
}

# Finds the signature line of the verifier key and leaves its bytes (key id, then the signature) in $work/blob.
signature_line() {
  name=${2%%+*}; rest=${2#*+}; id=${rest%%+*}; material=${rest#*+}
  public_key "$(printf '%s' "$material" | base64 -d | tail -c 32 | base64)"
  sed '/^$/,$d' "$1" > "$work/text"
  sed '1,/^$/d' "$1" | while IFS=' ' read -r mark who encoded; do
    [ "$mark" = "—" ] && [ "$who" = "$name" ] || continue
    printf '%s' "$encoded" | base64 -d > "$work/try" || continue
    [ "$(head -c 4 "$work/try" | od -An -tx1 | tr -d ' \n')" = "$id" ] && mv "$work/try" "$work/blob"
  done
  [ -s "$work/blob" ] || broken "$1: no signature of $name with the key id $id"
}

checkpoint() {
  signature_line "$1" "$2"
  tail -c +5 "$work/blob" > "$work/signature"
  cp "$work/text" "$work/message"
  signature_is_good || broken "$1: the signature of $name is not good"
  holds "$1: $(sed -n 2p "$work/text") entries of the log $name"
}

cosignature() {
  signature_line "$1" "$2"
  time=$(od -An -tu8 --endian=big -j4 -N8 "$work/blob" | tr -d ' \n')
  tail -c +13 "$work/blob" > "$work/signature"
  { printf 'cosignature/v1\ntime %s\n' "$time"; cat "$work/text"; } > "$work/message"
  signature_is_good || broken "$1: the cosignature of $name is not good"
  holds "$1: $name saw $(sed -n 2p "$work/text") entries at $(date -u -d "@$time" +%Y-%m-%dT%H:%M:%SZ)"
}

clip() {
  [ "$(sha256sum < "$1" | cut -d' ' -f1)" = "$2" ] || broken "$1: other bytes than $2"
  holds "$1: $2"
}

case "${1:-}:$#" in
  envelope:2 | envelope:3) envelope "$2" "${3:-}" ;;
  checkpoint:3) checkpoint "$2" "$3" ;;
  cosignature:3) cosignature "$2" "$3" ;;
  clip:3) clip "$2" "$3" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
