// One byte range of a request (RFC 9110 section 14), as players ask for it.

/** `[first, last]` in a file of `size` bytes; null where nothing of the file lies in it. No header, or one that is no single
 * byte range: the whole file. */
export function wanted(header, size) {
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (from === undefined || (from === "" && to === "")) return size ? [0, size - 1] : null;
  if (from === "") return Number(to) ? [Math.max(0, size - Number(to)), size - 1] : null;
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  return first <= last && first < size ? [first, last] : null;
}
