/**
 * What was found where. Positions are UTF-16 units, as JavaScript counts.
 *
 * @typedef {{ start: number, end: number }} Span
 * @typedef {{ start: number, end: number, of: number[] }} Segment `of`: the spans that cover it, by index
 */

/** Moves a position off the middle of a surrogate pair. */
function offPair(text, at, step) {
  const inside = /[\udc00-\udfff]/.test(text[at] ?? '') && /[\ud800-\udbff]/.test(text[at - 1] ?? '');
  return inside ? at + step : at;
}

/**
 * Brings a span into the text: whole characters, in order, within the ends.
 * @param {string} text @param {Span} span @returns {Span|null} nothing where the span is not of this text
 */
export function fit(text, span) {
  if (!Number.isFinite(span.start) || !Number.isFinite(span.end)) return null;
  const start = offPair(text, Math.max(0, Math.min(span.start, text.length)), -1);
  const end = offPair(text, Math.max(0, Math.min(span.end, text.length)), 1);
  return end > start ? { start, end } : null;
}

/**
 * Cuts a text at every edge of every span.
 * @param {string} text @param {Span[]} spans may overlap @returns {Segment[]} the whole text, in order
 */
export function segments(text, spans) {
  const fitted = spans.map((span) => fit(text, span));
  const edges = new Set([0, text.length]);
  for (const span of fitted) if (span) edges.add(span.start).add(span.end);
  const cuts = [...edges].sort((a, b) => a - b);
  const out = [];
  for (let i = 0; i + 1 < cuts.length; i += 1) {
    const [start, end] = [cuts[i], cuts[i + 1]];
    const of = [];
    fitted.forEach((span, index) => {
      if (span && span.start <= start && span.end >= end) of.push(index);
    });
    out.push({ start, end, of });
  }
  return out;
}

const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/**
 * The words that spans touch, each whole: what is hidden of a severe text until somebody asks.
 * @param {string} text @param {Span[]} spans none of them: every word
 * @returns {Span[]} in order, none overlaps another
 */
export function touched(text, spans) {
  const fitted = spans.map((span) => fit(text, span)).filter(Boolean);
  const all = fitted.length === 0;
  const out = [];
  for (const part of words.segment(text)) {
    const [start, end] = [part.index, part.index + part.segment.length];
    if (!part.segment.trim()) continue;
    const inside = (span) => span.start < end && span.end > start;
    if (all ? part.isWordLike : fitted.some(inside)) out.push({ start, end });
  }
  return out;
}

/**
 * The text with those words covered, for pages that must not hold them at all.
 * @param {string} text @param {Span[]} spans
 * @returns {{ text: string, covered: boolean }[]}
 */
export function covered(text, spans) {
  const out = [];
  let at = 0;
  for (const word of touched(text, spans)) {
    if (word.start > at) out.push({ text: text.slice(at, word.start), covered: false });
    const length = Array.from(text.slice(word.start, word.end)).length;
    out.push({ text: '■'.repeat(Math.min(length, 12)), covered: true });
    at = word.end;
  }
  if (at < text.length) out.push({ text: text.slice(at), covered: false });
  return out;
}
