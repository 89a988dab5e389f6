/** The rows of the live page: bounded, filtered, and countable while paused. */

/** The most rows that are kept; the oldest go first. */
export const MOST_ROWS = 500;

/**
 * @param {object[]} rows newest first @param {object[]} came oldest first
 * @returns {object[]} newest first, at most `MOST_ROWS`
 */
export function joined(rows, came) {
  return [...came.slice(-MOST_ROWS).reverse(), ...rows].slice(0, MOST_ROWS);
}

/**
 * @param {Record<string, any>} row a decision @param {Record<string, string>} wanted by member; empty is any
 * @returns {boolean}
 */
export function wants(row, wanted) {
  const same = (name) => !wanted[name] || row[name] === wanted[name];
  const has = (name) =>
    !wanted[name] || String(row[name] ?? '').toLowerCase().includes(wanted[name].toLowerCase());
  if (wanted.action === 'would' ? !row.would_have : !same('action')) return false;
  return same('policy') && same('phase') && has('rule') && has('route');
}
