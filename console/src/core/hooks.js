import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get } from './api.js';
import { query } from '../lib/query.js';
import { toast } from './toast.js';
import { faultWords } from './faults.js';

/** @template T @param {{ get: () => T, watch: (w: (v: T) => void) => () => void }} from @returns {T} */
export function useStore(from) {
  const [, again] = useState(0);
  useEffect(() => from.watch(() => again((n) => n + 1)), [from]);
  return from.get();
}

/**
 * Loads a path, anew when it changes.
 * @param {string|null} path null: nothing to load yet
 * @returns {{ data: any, error: any, loading: boolean, reload: () => void, set: (data: any) => void }}
 */
export function useLoad(path) {
  const [state, setState] = useState({ path: null, data: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    const stop = new AbortController();
    setState((old) => ({ path, data: old.path === path ? old.data : null, error: null, loading: true }));
    get(path, stop.signal).then(
      (data) => setState({ path, data, error: null, loading: false }),
      (error) => error.quiet || setState((old) => ({ ...old, error, loading: false })),
    );
    return () => stop.abort();
  }, [path, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const set = useCallback((data) => setState((old) => ({ ...old, data })), []);
  return { ...state, data: state.path === path ? state.data : null, reload, set };
}

/**
 * A list in pages.
 * @param {string} path @param {Record<string, any>} filter
 * @returns {{ rows: any[]|null, next: string|null, error: any, loading: boolean, more: () => void,
 *   reload: () => void, change: (f: (rows: any[]) => any[]) => void }}
 */
export function usePages(path, filter) {
  const wanted = path + query(filter);
  const [state, setState] = useState({ wanted, rows: null, next: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  const stop = useRef(new AbortController());
  const load = useCallback(
    async (after, before) => {
      const { signal } = stop.current;
      setState((old) => ({ ...(old.wanted === wanted ? old : { wanted, rows: null, next: null }), error: null, loading: true }));
      try {
        const page = await get(path + query({ ...filter, after }), signal);
        if (!signal.aborted) setState({ wanted, rows: [...before, ...page.rows], next: page.next, error: null, loading: false });
      } catch (error) {
        if (!error.quiet && !signal.aborted) setState((old) => ({ ...old, error, loading: false }));
      }
    },
    [wanted],
  );
  useEffect(() => {
    stop.current = new AbortController();
    load(null, []);
    return () => stop.current.abort();
  }, [wanted, turn]);
  return {
    ...state,
    more: () => state.next && !state.loading && load(state.next, state.rows),
    reload: useCallback(() => setTurn((n) => n + 1), []),
    change: (how) => setState((old) => ({ ...old, rows: how(old.rows ?? []) })),
  };
}

/**
 * Something a person starts: busy while it runs, its fault said as a toast.
 * @param {(...args: any[]) => Promise<any>} act
 * @returns {[(...args: any[]) => Promise<any>, boolean]} resolves to undefined where it failed
 */
export function useAct(act) {
  const [busy, setBusy] = useState(false);
  const latest = useRef(act);
  latest.current = act;
  const running = useRef(false);
  const run = useCallback(async (...args) => {
    if (running.current) return undefined;
    running.current = true;
    setBusy(true);
    try {
      return await latest.current(...args);
    } catch (error) {
      if (!error.quiet) toast(faultWords(error), true);
      return undefined;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return [run, busy];
}

/** A person who did nothing for so long, in milliseconds, is away: nothing is asked for, and the session may end. */
const AWAY = 10 * 60_000;

let seen = Date.now();
for (const sign of ['pointermove', 'keydown', 'wheel']) addEventListener(sign, () => (seen = Date.now()), { passive: true });

/** @param {() => void} run @param {number} every milliseconds; only while somebody looks at the page */
export function useEvery(run, every) {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const timer = setInterval(() => document.hidden || Date.now() - seen > AWAY || latest.current(), every);
    return () => clearInterval(timer);
  }, [every]);
}
