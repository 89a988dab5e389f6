import { html } from '../../html.js';
import { useId, useRef } from 'preact/hooks';
import { t } from '../../core/words.js';
import { Icon } from '../Icon.js';

/**
 * A policy file to try: a plain field with numbers of lines, and a sign at those with something wrong.
 * @param {{ value: string, onInput: (v: string) => void, diagnostics: { line?: number, severity: string, message: string }[] }} props
 */
export function Draft({ value, onInput, diagnostics }) {
  const gutter = useRef(null);
  const id = useId();
  const lines = value.split('\n').length;
  const marks = new Map();
  for (const one of diagnostics) if (one.line && marks.get(one.line) !== 'error') marks.set(one.line, one.severity);
  const scroll = (event) => {
    gutter.current.scrollTop = event.target.scrollTop;
  };
  return html`<div class="field wide"><label for=${id}>${t('play.draft')}</label>
    <div class="editor"><div class="gutter" ref=${gutter} aria-hidden="true">${Array.from({ length: lines }, (_, at) => {
      const mark = marks.get(at + 1);
      return html`<div class=${mark ? 'is-' + mark : undefined}>${mark && html`<${Icon} name="warn" />`}${at + 1}</div>`;
    })}</div>
    <textarea id=${id} class="mono" wrap="off" rows="16" spellcheck="false" autocapitalize="none" value=${value} onScroll=${scroll}
      aria-invalid=${marks.size > 0 ? 'true' : undefined} onInput=${(event) => onInput(event.target.value)}></textarea></div>
  </div>`;
}
