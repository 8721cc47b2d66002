import leven from "leven";

/** The candidate that was probably meant, or null where none is close. */
export function closest(text: string, candidates: readonly string[]): string | null {
  const typed = text.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: leven(typed, candidate.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance);
  const [best] = ranked;
  if (best === undefined) return null;
  const tolerance = Math.max(1, Math.floor(best.candidate.length * 0.4));
  return best.distance <= tolerance ? best.candidate : null;
}

/** `; did you mean "Transcribing"?`, or nothing. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  const meant = closest(text, candidates);
  return meant === null ? "" : `; did you mean "${meant}"?`;
}
