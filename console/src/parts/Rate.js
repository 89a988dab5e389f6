import { html } from '../html.js';
import { percent } from '../core/format.js';

/** A share of 1 as a bar and a number. @param {{ of: number|null, says?: string }} props */
export function Rate({ of, says }) {
  if (of === null || of === undefined) return html`<span class="quiet">–</span>`;
  const wide = Math.max(0, Math.min(1, of)) * 48;
  return html`<span class="rate"><svg width="48" height="6" aria-hidden="true" focusable="false">
    <rect class="rate-all" width="48" height="6" rx="3" /><rect class="rate-part" width=${wide} height="6" rx="3" />
  </svg>${says ?? percent(of)}</span>`;
}
