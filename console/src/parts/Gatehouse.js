import { html } from '../html.js';
import { useEffect } from 'preact/hooks';
import { Mark } from './Logo.js';
import { Language } from './Language.js';

/** The page before one is in. @param {{ title: string, says?: any, children: any }} props */
export function Gatehouse({ title, says, children }) {
  useEffect(() => {
    document.title = `${title} · Tidegate`;
  }, [title]);
  return html`<main class="gatehouse">
    <div class="gate-card">
      <p class="gate-brand"><${Mark} /><span>Tidegate</span></p>
      <h1>${title}</h1>
      ${says && html`<p class="says">${says}</p>`}
      ${children}
    </div>
    <${Language} />
  </main>`;
}
