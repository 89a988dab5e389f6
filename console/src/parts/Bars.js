import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { every, merged, ticks } from '../lib/scale.js';
import { full, number, tick } from '../core/format.js';
import { t, word } from '../core/words.js';
import { Icon } from './Icon.js';
import { Table } from './Table.js';
import { useWidth } from './useWidth.js';

const HIGH = 190;
/** The least that a bar with the gap beside it takes, in pixels. */
const LEAST = 8;

const EDGE = { left: 44, right: 8, top: 10, bottom: 24 };

/** One bar of several parts, the strictest on top. */
function Bar({ bucket, names, x, wide, y, on }) {
  let sum = 0;
  return html`<g class=${on ? 'is-on' : undefined}>${names.map((name) => {
    const from = y(sum);
    sum += bucket[name] ?? 0;
    const high = from - y(sum);
    return high > 0 && html`<rect class=${'bar is-' + name} x=${x} y=${y(sum)} width=${wide} height=${high} />`;
  })}</g>`;
}

function Legend({ names, bucket }) {
  return html`<p class="legend" aria-hidden=${bucket ? 'true' : undefined}>
    <span class="legend-at">${bucket ? full(bucket.at) : t('chart.point')}</span>${names.map(
      (name) => html`<span class=${'legend-one is-' + name}><${Icon} name=${name} />${word('action', name)}
        ${bucket && html` <b>${number(bucket[name])}</b>`}</span>`,
    )}</p>`;
}

/**
 * Counts over time as bars in layers; the same as a table for whoever cannot see them.
 * @param {{ title: string, buckets: any[], names: string[], hours: number }} props
 */
export function Bars({ title, buckets: counted, names, hours }) {
  const [at, width] = useWidth(720);
  const [on, setOn] = useState(null);
  const total = (bucket) => names.reduce((sum, name) => sum + (bucket[name] ?? 0), 0);
  const buckets = merged(counted, names, (width - EDGE.left - EDGE.right) / LEAST);
  const steps = ticks(Math.max(0, ...buckets.map(total)));
  const room = { wide: width - EDGE.left - EDGE.right, high: HIGH - EDGE.top - EDGE.bottom };
  const y = (value) => EDGE.top + room.high * (1 - value / steps.at(-1));
  const each = room.wide / Math.max(1, buckets.length);
  const x = (index) => EDGE.left + index * each;
  const wide = Math.max(1, each * 0.8);
  const labelled = every(buckets, room.wide / 72);
  return html`<figure class="chart" ref=${at}>
    <figcaption>${title}</figcaption>
    <${Legend} names=${names} bucket=${on === null ? null : buckets[on]} />
    <svg width=${width} height=${HIGH} role="img" aria-label=${title} onMouseLeave=${() => setOn(null)}>
      ${steps.map((step) => html`<g><line class="grid" x1=${EDGE.left} x2=${width - EDGE.right} y1=${y(step)} y2=${y(step)} />
        <text class="tick" x=${EDGE.left - 8} y=${y(step) + 4} text-anchor="end">${number(step)}</text></g>`)}
      ${buckets.map((bucket, index) => html`<${Bar} bucket=${bucket} names=${names} x=${x(index) + (each - wide) / 2}
        wide=${wide} y=${y} on=${on === index} />`)}
      ${labelled.map((index) => html`<text class="tick" x=${x(index) + each / 2} y=${HIGH - 6} text-anchor="middle">
        ${tick(buckets[index].at, hours)}</text>`)}
      ${buckets.map((_, index) => html`<rect class="feel" x=${x(index)} y=${EDGE.top} width=${each} height=${room.high}
        onMouseEnter=${() => setOn(index)} />`)}
    </svg>
    <details><summary>${t('chart.table')}</summary>
      <${Table} caption=${title} rows=${buckets} id=${(b) => b.at} columns=${[
        { label: t('col.time'), cell: (b) => full(b.at), head: true },
        ...names.map((name) => ({ label: word('action', name), num: true, cell: (b) => number(b[name]) })),
      ]} />
    </details>
  </figure>`;
}
