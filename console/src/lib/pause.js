/** Breaks from hard texts: how long one has looked at severe items since the last break. */

/** So long on severe items in a row, in milliseconds, brings the reminder. */
export const LONG = 50 * 60_000;

/** A gap so long, in milliseconds, counts as a break by itself. */
export const REST = 10 * 60_000;

/** What one look can count at most: the page may have stood open alone. */
const MOST = 60_000;

/**
 * @typedef {{ spent: number, last: number }} Strain milliseconds on severe items, and when the last was seen
 * @param {Strain} strain @param {number} now milliseconds @returns {Strain} with the time since the last look
 */
export function look(strain, now) {
  const gap = now - strain.last;
  if (!strain.last || gap >= REST || gap < 0) return { spent: 0, last: now };
  return { spent: strain.spent + Math.min(gap, MOST), last: now };
}
