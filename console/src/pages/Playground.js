import { html } from '../html.js';
import { useEffect, useState } from 'preact/hooks';
import { call, get } from '../core/api.js';
import { route } from '../core/route.js';
import { may } from '../core/session.js';
import { useAct, useLoad, useStore } from '../core/hooks.js';
import { t, word } from '../core/words.js';
import { Check, Choice, Field, Input, Select } from '../parts/Field.js';
import { Diagnostics } from '../parts/Diagnostics.js';
import { Head } from '../parts/Head.js';
import { Empty, Fault } from '../parts/Notice.js';
import { policyOptions } from '../parts/policyOptions.js';
import { Draft } from '../parts/play/Draft.js';
import { Chat } from '../parts/play/Said.js';
import { Result } from '../parts/play/Result.js';
import { SaveTest } from '../parts/play/SaveTest.js';
import { Tests } from '../parts/play/Tests.js';

/** So many characters a piece, where streaming is tried and nothing else is said. */
const PIECE = 12;

const FIRST = { phase: 'prompt', form: 'text', text: '', messages: [{ role: 'user', content: '' }], streamed: false, chunk: PIECE, draft: null };

/** What is sent: only what the person filled in. */
function asked(policy, of) {
  return {
    policy,
    phase: of.phase,
    draft: of.draft ?? undefined,
    ...(of.form === 'text' ? { text: of.text } : { messages: of.messages }),
    chunk: of.streamed && of.phase === 'completion' ? Number(of.chunk) || PIECE : undefined,
  };
}

/** Runs a text or the tests, and keeps what was answered or what is wrong with the draft. */
function useTrial(policy, form) {
  const [answer, setAnswer] = useState({});
  const kept = async (what, act) => {
    try {
      setAnswer({ [what]: await act(), asked: { ...form, policy } });
    } catch (error) {
      if (!error.quiet) setAnswer({ error, diagnostics: error.body?.diagnostics ?? error.body?.error?.diagnostics ?? [] });
    }
  };
  const [run, running] = useAct(() => kept('result', () => call('POST', '/playground', asked(policy, form))));
  const [test, testing] = useAct(() => kept('tests', () => call('POST', '/playground/tests', { policy, draft: form.draft ?? undefined })));
  return { answer, run, test, busy: running || testing };
}

function Asking({ form, set, policies, policy, onPolicy, diagnostics }) {
  const [fill, filling] = useAct(async () => {
    const { files } = await get(`/policies/${encodeURIComponent(policy)}`);
    set({ draft: files?.[0]?.text ?? '' });
  });
  return html`
    <div class="filter">
      <${Select} label=${t('col.policy')} value=${policy} onInput=${onPolicy} options=${policyOptions(policies)} />
      <${Choice} legend=${t('col.phase')} value=${form.phase} onInput=${(phase) => set({ phase })}
        options=${['prompt', 'completion'].map((p) => [p, word('phase', p)])} />
      <${Choice} legend=${t('play.form')} value=${form.form} onInput=${(now) => set({ form: now })}
        options=${[['text', t('play.text')], ['chat', t('play.chat')]]} />
    </div>
    ${form.form === 'text'
      ? html`<${Field} label=${t('play.text')} wide>${(id) => html`<textarea id=${id} rows="7" dir="auto" required value=${form.text}
          onInput=${(e) => set({ text: e.target.value })}></textarea>`}<//>`
      : html`<${Chat} value=${form.messages} onInput=${(messages) => set({ messages })} />`}
    <div class="filter">
      ${form.phase === 'completion' && html`<${Check} label=${t('play.streamed')} checked=${form.streamed} onInput=${(streamed) => set({ streamed })} />`}
      ${form.phase === 'completion' && form.streamed && html`<${Input} label=${t('play.chunk')} type="number" min="1" max="1000" value=${form.chunk} onInput=${(chunk) => set({ chunk })} />`}
      <${Check} label=${t('play.use_draft')} checked=${form.draft !== null} disabled=${filling} onInput=${(on) => (on ? fill() : set({ draft: null }))} />
    </div>
    ${form.draft !== null && html`<${Draft} value=${form.draft} onInput=${(draft) => set({ draft })} diagnostics=${diagnostics} />`}`;
}

/** A text against a policy, before anybody relies on it. */
export function Playground() {
  const { params } = useStore(route);
  const policies = useLoad('/policies');
  const [chosen, setPolicy] = useState(params.policy ?? '');
  const [form, setForm] = useState(FIRST);
  const [saving, setSaving] = useState(false);
  const set = (part) => setForm((old) => ({ ...old, ...part }));
  const policy = chosen || policies.data?.rows[0]?.name || '';
  const { answer, run, test, busy } = useTrial(policy, form);
  const found = answer.diagnostics ?? answer.result?.diagnostics ?? [];
  useEffect(() => {
    if (answer.result || answer.error) document.querySelector('.play-out')?.scrollIntoView?.({ block: 'nearest' });
  }, [answer]);
  const submit = (event) => {
    event.preventDefault();
    run();
  };
  const keyed = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return html`<${Head} title=${t('nav.playground')} says=${t('play.intro')} />
    ${policies.error && html`<${Fault} error=${policies.error} again=${policies.reload} />`}
    <div class="play"><form class="card play-in" onSubmit=${submit} onKeyDown=${keyed}>
        <${Asking} form=${form} set=${set} policies=${policies.data} policy=${policy} onPolicy=${setPolicy} diagnostics=${found} />
        ${found.length > 0 && html`<${Diagnostics} of=${found} />`}
        <div class="play-do"><button type="submit" class="main" disabled=${busy || !policy}>${t('play.run')} <kbd>Ctrl ↵</kbd></button>
          <button type="button" disabled=${busy || !policy} onClick=${test}>${t('play.run_tests')}</button>
          ${may('edit') && answer.result && answer.asked.form === 'text' && html`<button type="button" onClick=${() => setSaving(true)}>${t('propose.test')}</button>`}</div>
      </form>
      <div class="play-out" aria-live="polite" aria-busy=${busy}>
        ${answer.error && html`<${Fault} error=${answer.error} />`}
        ${answer.tests && html`<${Tests} of=${answer.tests} />`}
        ${answer.result && html`<${Result} of=${answer.result} />`}
        ${!answer.error && !answer.tests && !answer.result && html`<${Empty}>${t('play.start')}<//>`}
      </div></div>
    ${saving && html`<${SaveTest} policy=${answer.asked.policy} phase=${answer.asked.phase} text=${answer.result.text ?? ''} action=${answer.result.action}
      onClose=${() => setSaving(false)} />`}`;
}
