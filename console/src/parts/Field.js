import { html } from '../html.js';
import { useId } from 'preact/hooks';

/**
 * A control with its label and what helps to fill it in.
 * @param {{ label: string, help?: any, children: (id: string, help?: string) => any, wide?: boolean }} props
 */
export function Field({ label, help, children, wide }) {
  const id = useId();
  const helpId = help ? id + '-help' : undefined;
  return html`<div class=${'field' + (wide ? ' wide' : '')}>
    <label for=${id}>${label}</label>
    ${children(id, helpId)}
    ${help && html`<p class="help" id=${helpId}>${help}</p>`}
  </div>`;
}

/** @param {{ label: string, value: string, onInput: (v: string) => void, type?: string, help?: any } & object} props */
export function Input({ label, value, onInput, type = 'text', help, wide, ...more }) {
  return html`<${Field} label=${label} help=${help} wide=${wide}>${(id, about) => html`
    <input id=${id} type=${type} value=${value} aria-describedby=${about}
      onInput=${(event) => onInput(event.target.value)} ...${more} />`}<//>`;
}

/** @param {{ label: string, value: string, onInput: (v: string) => void, options: [string, string][] } & object} props */
export function Select({ label, value, onInput, options, help, ...more }) {
  return html`<${Field} label=${label} help=${help}>${(id, about) => html`
    <select id=${id} value=${value} aria-describedby=${about} onChange=${(event) => onInput(event.target.value)} ...${more}>
      ${options.map(([name, says]) => html`<option value=${name} selected=${name === value}>${says}</option>`)}
    </select>`}<//>`;
}

/** @param {{ label: any, checked: boolean, onInput: (on: boolean) => void, disabled?: boolean }} props */
export function Check({ label, checked, onInput, disabled }) {
  return html`<label class="check">
    <input type="checkbox" checked=${checked} disabled=${disabled} onChange=${(e) => onInput(e.target.checked)} />
    <span>${label}</span>
  </label>`;
}

/**
 * One of a few, all in sight.
 * @param {{ legend: string, value: string, onInput: (v: string) => void, options: [string, string][] }} props
 */
export function Choice({ legend, value, onInput, options }) {
  const name = useId();
  return html`<fieldset class="choice">
    <legend>${legend}</legend>
    <div class="segments">${options.map(
      ([one, says]) => html`<label>
        <input type="radio" name=${name} value=${one} checked=${one === value} onChange=${() => onInput(one)} />
        <span>${says}</span>
      </label>`,
    )}</div>
  </fieldset>`;
}
