import { html } from '../html.js';
import { toast } from '../core/toast.js';
import { t } from '../core/words.js';

/** Puts a text on the clipboard. @param {{ text: string, label?: string }} props */
export function Copy({ text, label }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast(t('do.copied'));
    } catch {
      toast(t('do.not_copied'), true);
    }
  };
  return html`<button type="button" onClick=${copy}>${label ?? t('do.copy')}</button>`;
}
