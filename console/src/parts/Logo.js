import { html } from '../html.js';

/** The mark: a gate in the tide. */
export function Mark() {
  return html`<svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
    <rect class="logo-ground" width="32" height="32" rx="8" />
    <path class="logo-bars" d="M9 8v16M16 8v16M23 8v16" />
    <path class="logo-tide" d="M4 18c3-3 5-3 8 0s5 3 8 0 5-3 8 0" />
  </svg>`;
}
