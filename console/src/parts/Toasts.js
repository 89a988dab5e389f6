import { html } from '../html.js';
import { drop, toasts } from '../core/toast.js';
import { useStore } from '../core/hooks.js';
import { t } from '../core/words.js';
import { Icon } from './Icon.js';

/** What just happened, in the corner; read out without taking the focus. */
export function Toasts() {
  const all = useStore(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">${all.map(
    (one) => html`<div key=${one.id} class=${'toast' + (one.bad ? ' is-bad' : '')}>
      <div>${one.says}</div>
      <button type="button" class="bare" aria-label=${t('do.close')} onClick=${() => drop(one.id)}>
        <${Icon} name="close" />
      </button>
    </div>`,
  )}</div>`;
}
