import htm from 'htm';
import { h } from 'preact';

/** Markup as a tagged template; only ever elements and text nodes, no markup out of strings. */
export const html = htm.bind(h);
