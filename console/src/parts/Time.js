import { html } from '../html.js';
import { ago, brief, full } from '../core/format.js';

/** @param {{ at: string|null, how?: 'brief'|'ago'|'full' }} props */
export function Time({ at, how = 'brief' }) {
  const says = { brief, ago, full }[how](at);
  if (!at) return html`<span class="quiet">${says}</span>`;
  return html`<time dateTime=${at} title=${full(at)}>${says}</time>`;
}
