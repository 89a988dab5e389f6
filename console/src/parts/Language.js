import { html } from '../html.js';
import { prefer } from '../core/prefs.js';
import { lang } from '../core/words.js';

/** The switch of the language; each is named in itself. */
export function Language() {
  const now = lang();
  const one = (name, says, label) => html`<button type="button" lang=${name} aria-pressed=${now === name} aria-label=${label}
    onClick=${() => prefer({ lang: name })}>${says}</button>`;
  return html`<div class="language" role="group" aria-label="Language / 语言">
    ${one('en', 'EN', 'EN, English')}${one('zh', '中文', '中文')}</div>`;
}
