import { html } from '../html.js';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useStore } from '../core/hooks.js';
import { toasts } from '../core/toast.js';
import { t } from '../core/words.js';
import { Icon } from './Icon.js';
import { Notice } from './Notice.js';

/** What went wrong since a dialog opened: what is behind it cannot be reached meanwhile. */
function Wrong() {
  const all = useStore(toasts);
  const [born] = useState(() => all.at(-1)?.id ?? 0);
  const last = all.filter((one) => one.bad && one.id > born).at(-1);
  return last && html`<${Notice} kind="bad" role="alert">${last.says}<//>`;
}

/**
 * A dialog of the browser: it keeps the focus, and gives it back.
 * @param {{ title: any, onClose: () => void, children: any, wide?: boolean }} props
 */
export function Dialog({ title, onClose, children, wide }) {
  const at = useRef(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    at.current.showModal();
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${at} class=${wide ? 'wide' : undefined} aria-labelledby=${id} onCancel=${cancel}>
    <header><h2 id=${id}>${title}</h2>
      <button type="button" class="bare" aria-label=${t('do.close')} onClick=${onClose}><${Icon} name="close" /></button>
    </header>
    <${Wrong} />
    ${children}
  </dialog>`;
}

/**
 * Asks before something that cannot be taken back.
 * @param {{ title: any, says: any, act: string, onDo: () => void, onClose: () => void, busy?: boolean }} props
 */
export function Sure({ title, says, act, onDo, onClose, busy }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${says}</p>
    <footer>
      <button type="button" onClick=${onClose}>${t('do.cancel')}</button>
      <button type="button" class="danger" disabled=${busy} onClick=${onDo}>${act}</button>
    </footer>
  <//>`;
}
