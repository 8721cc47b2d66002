const ONE_RANGE = /^bytes=(\d*)-(\d*)$/;

/**
 * The part of a content that a `Range` header asks for.
 *
 * @param size of the whole, in bytes.
 * @returns its first and last byte; null if the whole content answers: no header, one of another unit, an empty content.
 */
export function byteRange(
  header: string | undefined,
  size: number,
): { from: number; to: number } | "unsatisfiable" | null {
  if (header?.startsWith("bytes=") !== true || size === 0) return null;
  const [matched, first = "", last = ""] = ONE_RANGE.exec(header) ?? [];
  // Several ranges at a time are not served, as on the real backend.
  if (matched === undefined || first + last === "") return "unsatisfiable";
  const from = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const to = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return from > to ? "unsatisfiable" : { from, to };
}
