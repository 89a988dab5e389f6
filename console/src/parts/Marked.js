import { html } from '../html.js';
import { useId, useState } from 'preact/hooks';
import { covered, segments } from '../lib/spans.js';
import { Pieces, SHOWN, Text, useCut } from './Text.js';
import { number } from '../core/format.js';
import { t, word } from '../core/words.js';

/**
 * @typedef {{ rule?: string, category?: string, start: number, end: number, score?: number,
 *   views?: string[], quote?: string }} Finding positions in UTF-16 units of the text
 */

/** What a finding is, for whoever points at it or comes to it by keyboard. @param {{ of: Finding }} props */
function About({ of }) {
  const score = of.score > 0 && html` · ${number(of.score, 2)}`;
  const views = of.views?.length > 0 && html`<span class="about-views">
    ${t('mark.views')} <${Text} of=${of.views.join(' → ')} />
  </span>`;
  return html`<span class="about">
    <b><${Text} of=${of.rule ?? of.category ?? ''} /></b>
    <span>${word('category', of.category ?? '')}${score}</span>${views}
  </span>`;
}

/** A marked piece with what it says about itself. @param {{ text: string, findings: Finding[] }} props */
function Mark({ text, findings }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const close = (event) => event.key === 'Escape' && setOpen(false);
  const many = findings.length > 1 ? ' many' : '';
  return html`<span class="marked" onMouseEnter=${() => setOpen(true)} onMouseLeave=${() => setOpen(false)}>
    <mark class=${'mark' + many} tabindex="0" role="mark" aria-describedby=${open ? id : undefined}
      onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${close}><${Pieces} of=${text} /></mark>
    ${open && html`<span class="tip" role="tooltip" id=${id}>${findings.map((f) => html`<${About} of=${f} />`)}</span>`}
  </span>`;
}

/** How many spans of which category: what stands before a covered text. @param {{ findings: Finding[] }} props */
export function Summary({ findings }) {
  const counts = new Map();
  for (const { category } of findings) counts.set(category ?? '', (counts.get(category ?? '') ?? 0) + 1);
  return [...counts].map(
    ([category, n]) => html`<span class="tag"><${Text} of=${word('category', category) || t('mark.found')} /> ·
      ${' '}${t('mark.spans', { n })}</span> `,
  );
}

/** A text whose words at the findings are not on the page at all. */
function Covered({ text, findings }) {
  return html`<div class="text block" dir="auto">${covered(text, findings).map((part) =>
    part.covered
      ? html`<span class="cover" role="img" aria-label=${t('mark.covered')}>${part.text}</span>`
      : html`<${Pieces} of=${part.text} />`,
  )}</div>`;
}

/**
 * A moderated text with what was found in it.
 * @param {{ text: string, findings?: Finding[], cover?: boolean, limit?: number }} props
 */
export function Marked({ text, findings = [], cover = false, limit = SHOWN }) {
  const [shown, button] = useCut(text, limit);
  if (cover) return html`<${Covered} text=${shown} findings=${findings} />${button}`;
  const parts = segments(shown, findings);
  return html`<div class="text block" dir="auto">${parts.map((part) => {
    const piece = shown.slice(part.start, part.end);
    return part.of.length === 0
      ? html`<${Pieces} of=${piece} />`
      : html`<${Mark} key=${part.start} text=${piece} findings=${part.of.map((i) => findings[i])} />`;
  })}${button}</div>`;
}
