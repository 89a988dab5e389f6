import { html } from '../html.js';
import { useEffect, useRef } from 'preact/hooks';

/**
 * The heading of a page: names the window and takes the focus when the page comes.
 * @param {{ title: string, says?: any, children?: any }} props `title` is ours, never of somebody else
 */
export function Head({ title, says, children }) {
  const at = useRef(null);
  useEffect(() => {
    scrollTo(0, 0);
    at.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${title} · Tidegate`;
  }, [title]);
  return html`<header class="head">
    <div><h1 tabindex="-1" ref=${at}>${title}</h1>${says && html`<p class="says">${says}</p>`}</div>
    ${children && html`<div class="tools">${children}</div>`}
  </header>`;
}
