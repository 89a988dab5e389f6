import { html } from '../html.js';
import { Pieces } from './Text.js';

/** The most lines of a file that are shown. */
const LINES = 5000;

/**
 * Text of a file with numbers of lines.
 * @param {{ text: string, label: string, marks?: Record<number, string>, first?: number }} props
 *   `marks`: what is said about a line, by its number
 */
export function Code({ text, label, marks = {}, first = 1 }) {
  const lines = text.split('\n').slice(0, LINES);
  if (lines.at(-1) === '') lines.pop();
  return html`<div class="code" role="region" tabindex="0" aria-label=${label}><ol>${lines.map((line, at) => {
    const about = marks[at + first];
    return html`<li class=${about ? 'is-marked' : undefined}>
      <span class="line-no" aria-hidden="true">${at + first}</span>
      <span class="line"><${Pieces} of=${line} />${about && html`<em class="line-note"><${Pieces} of=${about} /></em>`}</span>
    </li>`;
  })}</ol></div>`;
}

/** A change as a patch. @param {{ of: string, label: string }} props */
export function Diff({ of, label }) {
  const kind = (line) => {
    if (/^(\+\+\+|---|diff |index )/.test(line)) return 'is-file';
    if (line.startsWith('@@')) return 'is-place';
    if (line.startsWith('+')) return 'is-added';
    return line.startsWith('-') ? 'is-gone' : undefined;
  };
  const lines = of.split('\n').slice(0, LINES);
  if (lines.at(-1) === '') lines.pop();
  return html`<div class="code diff" role="region" tabindex="0" aria-label=${label}><ol>${lines.map(
    (line) => html`<li class=${kind(line)}><span class="line"><${Pieces} of=${line} /></span></li>`,
  )}</ol></div>`;
}
