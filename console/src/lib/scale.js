/** Axes of charts. */

/**
 * @param {number} most the largest value @param {number} [about] how many steps one would like
 * @returns {number[]} round numbers from 0 to at least `most`
 */
export function ticks(most, about = 4) {
  if (!(most > 0)) return [0, 1];
  const rough = most / about;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough));
  const out = [];
  for (let at = 0; at < most + step; at += step) out.push(at);
  return out;
}

/**
 * @param {any[]} all @param {number} room how many labels fit
 * @returns {number[]} indexes with the same distance
 */
export function every(all, room) {
  const step = Math.max(1, Math.ceil(all.length / Math.max(1, room)));
  return all.map((_, at) => at).filter((at) => at % step === 0);
}
