import { html } from '../html.js';
import { useState } from 'preact/hooks';
import { pieces, plain } from '../lib/hidden.js';
import { t } from '../core/words.js';

/** So many characters of a text stand there before somebody asks for all of it. */
export const SHOWN = 2400;

/** The same for names of things: rules, routes, people. */
export const NAME_SHOWN = 160;

/** One character that cannot be seen, or a run of it. @param {{ piece: import('../lib/hidden.js').Piece }} props */
function Chip({ piece }) {
  const count = piece.count > 1 ? ` ×${piece.count}` : '';
  const says = piece.says ? ` “${piece.says}”` : '';
  return html`<span class="chip" title=${t('text.hidden')}>${piece.code}${count}${says}</span>`;
}

/** A piece of a text with what is hidden in it drawn. @param {{ of: string }} props */
export function Pieces({ of }) {
  return pieces(of).map((piece) => (piece.kind === 'seen' ? piece.text : html`<${Chip} piece=${piece} />`));
}

/** A text cut before a character is, with the button that shows the rest. */
export function useCut(text, most) {
  const [all, setAll] = useState(false);
  const cut = text.length > most && !all;
  const end = /[\ud800-\udbff]/.test(text[most - 1] ?? '') ? most - 1 : most;
  const button = cut && html`<button type="button" class="link" onClick=${() => setAll(true)}>
    ${t('text.all', { n: text.length })}
  </button>`;
  return [cut ? text.slice(0, end) + '…' : text, button];
}

/**
 * Every text that somebody else wrote: text nodes alone, set apart from the direction of what is around it,
 * with hidden characters drawn, never a link.
 * @param {{ of: any, limit?: number, block?: boolean }} props
 */
export function Text({ of, limit, block = false }) {
  const whole = of === null || of === undefined ? '' : String(of);
  const [shown, button] = useCut(whole, limit ?? (block ? SHOWN : NAME_SHOWN));
  if (block) return html`<div class="text block" dir="auto"><${Pieces} of=${shown} />${button}</div>`;
  return html`<bdi class="text"><${Pieces} of=${shown} /></bdi>${button}`;
}

/** A name for an attribute, where no element can stand. @param {any} name @returns {string} */
export function nameOf(name) {
  return plain(String(name ?? '')).slice(0, NAME_SHOWN);
}
