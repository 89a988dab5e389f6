import { html } from '../html.js';
import { call } from '../core/api.js';
import { useAct } from '../core/hooks.js';
import { toast } from '../core/toast.js';
import { t } from '../core/words.js';
import { Code, Diff } from './Code.js';
import { Copy } from './Copy.js';
import { Dialog } from './Dialog.js';
import { Loaded, Notice } from './Notice.js';
import { Text } from './Text.js';

/**
 * A change to a file: seen before it is made.
 * @param {{ title: string, says: string, load: ReturnType<typeof import('../core/hooks.js').useLoad>,
 *   save: () => Promise<any>, onClose: () => void }} props
 */
export function Proposal({ title, says, load, save, onClose }) {
  const [run, busy] = useAct(async () => {
    await save();
    toast(t('propose.saved'));
    onClose();
  });
  return html`<${Dialog} title=${title} onClose=${onClose} wide>
    <p>${says}</p>
    <${Loaded} of=${load}>${(of) => html`
      <p>${t('propose.file')} <code><${Text} of=${of.file} /></code></p>
      ${of.diff ? html`<${Diff} of=${of.diff} label=${t('propose.diff')} />` : html`<${Code} text=${of.yaml} label=${t('propose.diff')} />`}
      ${of.todo && html`<${Notice}>${t('propose.todo')}<//>`}
      ${!of.writable && html`<${Notice}>${t('propose.read_only')}<//>`}
      <footer><${Copy} text=${of.yaml} label=${t('propose.copy')} /><${Copy} text=${of.diff} label=${t('propose.copy_diff')} />
        ${of.writable && html`<button type="button" class="main" disabled=${busy} onClick=${run}>${t('propose.save')}</button>`}</footer>`}<//>
  <//>`;
}

/** A change that comes from a review item. @param {{ item: string, kind: 'test-case'|'exception' }} props */
export function ItemProposal({ item, kind, load, onClose }) {
  const name = kind === 'test-case' ? 'test' : 'exception';
  const save = () => call('POST', `/review/items/${encodeURIComponent(item)}/${kind}`, {});
  return html`<${Proposal} title=${t(`propose.${name}`)} says=${t(`propose.${name}_says`)} load=${load} save=${save} onClose=${onClose} />`;
}
