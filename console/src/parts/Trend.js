import { html } from '../html.js';
import { every } from '../lib/scale.js';
import { full, number, signed, tick } from '../core/format.js';
import { t } from '../core/words.js';
import { Table } from './Table.js';
import { useWidth } from './useWidth.js';

const HIGH = 150;
const EDGE = { left: 40, right: 10, top: 8, bottom: 22 };
const STEPS = [-100, -50, 0, 50, 100];

/** Days are named on this axis, not hours. */
const DAYS = 24 * 365;

/**
 * A score of −100 to 100 over time; larger points stand for more answers.
 * @param {{ title: string, points: { at: string, answers: number, score: number|null }[] }} props
 */
export function Trend({ title, points }) {
  const [at, width] = useWidth(520);
  const wide = width - EDGE.left - EDGE.right;
  const high = HIGH - EDGE.top - EDGE.bottom;
  const x = (index) => EDGE.left + (wide * index) / Math.max(1, points.length - 1);
  const y = (score) => EDGE.top + high * (1 - (score + 100) / 200);
  const known = points.map((point, index) => ({ ...point, index })).filter((point) => typeof point.score === 'number');
  const most = Math.max(1, ...known.map((point) => point.answers));
  const line = known.map((point) => `${x(point.index).toFixed(1)},${y(point.score).toFixed(1)}`).join(' ');
  return html`<figure class="chart" ref=${at}><figcaption>${title}</figcaption>
    <svg width=${width} height=${HIGH} role="img" aria-label=${title}>
      ${STEPS.map((step) => html`<g><line class=${step === 0 ? 'grid zero' : 'grid'} x1=${EDGE.left} x2=${width - EDGE.right} y1=${y(step)} y2=${y(step)} />
        <text class="tick" x=${EDGE.left - 8} y=${y(step) + 4} text-anchor="end">${signed(step)}</text></g>`)}
      <polyline class="trend" points=${line} />
      ${known.map((point) => html`<circle class="trend-at" cx=${x(point.index)} cy=${y(point.score)} r=${2 + 3 * Math.sqrt(point.answers / most)}>
        <title>${full(point.at)}: ${signed(point.score)} (${number(point.answers)})</title></circle>`)}
      ${every(points, wide / 80).map((index) => html`<text class="tick" x=${x(index)} y=${HIGH - 5} text-anchor="middle">${tick(points[index].at, DAYS)}</text>`)}
    </svg>
    <details><summary>${t('chart.table')}</summary><${Table} caption=${title} rows=${points} id=${(p) => p.at} columns=${[
      { label: t('col.time'), head: true, cell: (p) => full(p.at) },
      { label: t('nps.answers'), num: true, cell: (p) => number(p.answers) },
      { label: t('nps.score'), num: true, cell: (p) => signed(p.score) },
    ]} /></details>
  </figure>`;
}
