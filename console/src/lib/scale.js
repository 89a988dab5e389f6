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
 * Fewer bars than were counted, where they would be too thin to see.
 * @param {any[]} buckets with `at` and counts @param {string[]} names the counts @param {number} most how many bars fit
 * @returns {any[]} neighbours added up, each with the `at` of its first
 */
export function merged(buckets, names, most) {
  const size = Math.ceil(buckets.length / Math.max(1, most));
  if (size <= 1) return buckets;
  const out = [];
  buckets.forEach((bucket, at) => {
    if (at % size === 0) out.push({ at: bucket.at });
    for (const name of names) out.at(-1)[name] = (out.at(-1)[name] ?? 0) + (bucket[name] ?? 0);
  });
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
