import { html } from '../html.js';
import { number, signed } from '../core/format.js';
import { t } from '../core/words.js';

const WIDE = 168;
const HIGH = 22;

/** Where a score of −100 to 100 lies, with the range in which it may lie. @param {{ of: any }} props */
export function Score({ of }) {
  const x = (value) => 4 + ((Math.max(-100, Math.min(100, value)) + 100) / 200) * (WIDE - 8);
  if (of.score === null || of.score === undefined) return html`<span class="quiet">–</span>`;
  const range = typeof of.low === 'number' && typeof of.high === 'number';
  const says = range ? t('nps.range', { low: signed(of.low), high: signed(of.high) }) : '';
  return html`<span class="score">
    <b>${signed(of.score)}</b>
    <svg width=${WIDE} height=${HIGH} aria-hidden="true" focusable="false">
      <line class="grid" x1="4" x2=${WIDE - 4} y1="11" y2="11" /><line class="grid" x1=${WIDE / 2} x2=${WIDE / 2} y1="3" y2="19" />
      ${range && html`<rect class="score-range" x=${x(of.low)} y="8" width=${Math.max(2, x(of.high) - x(of.low))} height="6" rx="3" />`}
      <circle class="score-at" cx=${x(of.score)} cy="11" r="4.5" />
    </svg>
    <span class="quiet">${says}</span>
  </span>`;
}

/** How many promote, are passive, detract: a bar of three parts and the numbers. @param {{ of: any }} props */
export function Shares({ of }) {
  const all = Math.max(1, of.answers);
  let at = 0;
  const part = (name) => {
    const wide = (120 * (of[name] ?? 0)) / all;
    const from = at;
    at += wide;
    return html`<rect class=${'is-' + name} x=${from} width=${wide} height="8" />`;
  };
  return html`<span class="shares"><svg width="120" height="8" aria-hidden="true" focusable="false">
      ${['detractors', 'passives', 'promoters'].map(part)}</svg>
    <span class="quiet">${t('nps.shares', { d: number(of.detractors), p: number(of.passives), s: number(of.promoters) })}</span></span>`;
}
