import { html } from '../html.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Text } from './Text.js';

const WIDE = 140;

/** A threshold between its bounds, with the one that the file has. @param {{ of: any }} props */
export function Bounds({ of }) {
  const room = of.high - of.low;
  const x = (value) => 5 + (room > 0 ? Math.max(0, Math.min(1, (value - of.low) / room)) : 0.5) * (WIDE - 10);
  return html`<span class="bounds"><b>${number(of.threshold, 3)}</b>
    <svg width=${WIDE} height="16" aria-hidden="true" focusable="false">
      <line class="grid" x1="5" x2=${WIDE - 5} y1="8" y2="8" />
      <line class="bounds-written" x1=${x(of.written)} x2=${x(of.written)} y1="2" y2="14" />
      <circle class="score-at" cx=${x(of.threshold)} cy="8" r="4.5" /></svg>
    <span class="quiet">${t('adapt.bounds', { low: number(of.low, 3), high: number(of.high, 3), written: number(of.written, 3) })}</span></span>`;
}

/** What a change rests on, as names and values. @param {{ of: Record<string, any>|null }} props */
export function Evidence({ of }) {
  const all = Object.entries(of ?? {});
  if (all.length === 0) return null;
  const shown = (value) => {
    if (typeof value?.low === 'number') return `${number(value.low, 3)}–${number(value.high, 3)}`;
    return plainValue(value);
  };
  const plainValue = (value) => (typeof value === 'number' ? number(value, 3) : html`<${Text} of=${typeof value === 'string' ? value : JSON.stringify(value)} />`);
  return html`<span class="evidence">${all.map(([name, value]) => html`<span><${Text} of=${word('evidence', name)} /> <b>${shown(value)}</b></span> `)}</span>`;
}
