import { useEffect, useRef } from 'preact/hooks';
import { prefs } from './prefs.js';

/** Keys of one letter, and `g` with one after it. None is heard while somebody types or a dialog is open. */

/** How long after `g` the second letter counts, in milliseconds. */
const SEQUENCE = 1500;

function typing(event) {
  const at = event.target instanceof Element ? event.target : null;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  if (document.querySelector('dialog[open]')) return true;
  return Boolean(at?.closest('input, textarea, select, [contenteditable]'));
}

/** @param {Record<string, (event: KeyboardEvent) => void>} map by `j` or `g r` */
export function useKeys(map) {
  const latest = useRef(map);
  latest.current = map;
  useEffect(() => {
    let led = 0;
    const heard = (event) => {
      if (!prefs.get().keys || event.defaultPrevented || typing(event)) return;
      const after = event.timeStamp - led < SEQUENCE;
      led = event.key === 'g' ? event.timeStamp : -SEQUENCE;
      const act = latest.current[after ? `g ${event.key}` : event.key];
      // A key that is held goes through a list, and decides nothing.
      if (!act || (event.repeat && !['j', 'k'].includes(event.key))) return;
      event.preventDefault();
      act(event);
    };
    led = -SEQUENCE;
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, []);
}
