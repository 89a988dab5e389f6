import { html } from '../html.js';

/** Drawn by hand on a square of 16; the word beside each says the same. */
const PATHS = {
  allow: 'M3 8.5l3.2 3.2L13 5',
  tag: 'M2.5 7.5v-5h5l6 6-5 5zM5.3 5.3h.01',
  redact: 'M2 5h4M2 11h7M8.5 5H14M11.5 11H14M7 4.2h.9v1.6H7z',
  respond: 'M6.5 4L3 7.5 6.5 11M3.5 7.5H10a3 3 0 013 3V12',
  review: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6.4a1.6 1.6 0 100 3.2 1.6 1.6 0 000-3.2z',
  block: 'M8 2a6 6 0 100 12A6 6 0 008 2zM3.8 3.8l8.4 8.4',
  other: 'M8 4v5M8 12h.01',
  overview: 'M2.5 13.5v-5M6.2 13.5v-9M9.8 13.5V7M13.5 13.5v-11',
  live: 'M1.5 8h3l2-5 3 10 2-5h3',
  decisions: 'M5.5 4H14M5.5 8H14M5.5 12H14M2.2 4h.01M2.2 8h.01M2.2 12h.01',
  judge: 'M8 2.5v11M3.5 4.5h9M5 13.5h6M3.5 4.5l-2 5h4zM12.5 4.5l-2 5h4z',
  policies: 'M3.5 2.5h6l3 3v8h-9zM9.5 2.5v3h3M5.5 8.5h5M5.5 11h5',
  playground: 'M6 2.5h4M7 2.5v4L3 13.5h10L9 6.5v-4M5 10.5h6',
  figures: 'M8 1.8l5 1.8v4c0 3.2-2 5.4-5 6.6-3-1.2-5-3.4-5-6.6v-4zM5.4 7.8l1.9 1.9 3.4-3.6',
  feedback: 'M2.5 3h11v8H8l-3 2.5V11H2.5zM5 6h6M5 8.3h4',
  learning: 'M2 12.5c4 0 3-9 6-9s2 6 6 6M2 14.5h12',
  ledger: 'M6.5 9.5l3-3M5 7L3 9a2.8 2.8 0 004 4l2-2M11 9l2-2a2.8 2.8 0 00-4-4L7 5',
  settings: 'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  close: 'M4 4l8 8M12 4l-8 8',
  warn: 'M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.7h.01',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  key: 'M10.5 2.5a3 3 0 11-2.6 4.5L3 11.9V14h2.2v-1.6h1.6v-1.6L8.6 9',
  out: 'M6.5 2.5h-4v11h4M6 8h8M11 5l3 3-3 3',
};

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <path d=${PATHS[name] ?? PATHS.other} fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linecap="round" stroke-linejoin="round" />
  </svg>`;
}
