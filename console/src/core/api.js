import { session } from './session.js';
import { confirmation } from './confirm.js';

/** The API of the gate. A fault is an `ApiError`; a password that must be said again is asked for here. */

/** How long a call may take, in milliseconds, and how long a file may. */
const PATIENCE = 60_000;
const FILE_PATIENCE = 15 * 60_000;

export class ApiError extends Error {
  /** @param {number} status 0 where no answer came @param {string} code @param {string} message @param {any} [body] */
  constructor(status, code, message, body) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
    /** @type {number|null} seconds until another try makes sense */
    this.after = null;
  }

  /** Nobody needs to be told: the page was left, or the person changed their mind. */
  get quiet() {
    return this.code === 'cancelled';
  }
}

async function fault(answer) {
  const body = await answer.json().catch(() => null);
  const error = new ApiError(answer.status, body?.error?.code ?? 'unknown', body?.error?.message ?? '', body);
  error.after = Number(answer.headers.get('retry-after')) || null;
  return error;
}

async function once(method, path, body, signal, patience) {
  const headers = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  const csrf = session.get()?.csrf;
  if (method !== 'GET' && csrf) headers['x-csrf-token'] = csrf;
  const limits = [AbortSignal.timeout(patience), ...(signal ? [signal] : [])];
  try {
    return await fetch('/api' + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: either(limits),
      credentials: 'same-origin',
      redirect: 'error',
      cache: 'no-store',
    });
  } catch {
    throw signal?.aborted ? new ApiError(0, 'cancelled', '') : new ApiError(0, 'away', '');
  }
}

/** One signal out of several, also where `AbortSignal.any` is unknown. */
function either(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const one = new AbortController();
  for (const signal of signals) signal.addEventListener('abort', () => one.abort(), { once: true });
  return one.signal;
}

async function answered(method, path, body, signal, patience = PATIENCE) {
  const answer = await once(method, path, body, signal, patience);
  if (answer.ok) return answer;
  const error = await fault(answer);
  if (error.code === 'not_signed_in') session.set(null);
  if (error.code === 'change_password') session.set((who) => who && { ...who, must_change: true });
  if (error.code !== 'confirm_password') throw error;
  if (!(await confirmation())) throw new ApiError(403, 'cancelled', '');
  const again = await once(method, path, body, signal, patience);
  if (again.ok) return again;
  throw await fault(again);
}

/**
 * @param {string} method @param {string} path below `/api` @param {any} [body] @param {AbortSignal} [signal]
 * @returns {Promise<any>} what was answered; null for 204
 */
export async function call(method, path, body, signal) {
  const answer = await answered(method, path, body, signal);
  return answer.status === 204 ? null : answer.json();
}

/** @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => call('GET', path, undefined, signal);

/** Fetches a file and hands it to the browser to keep. @param {string} path @param {string} name */
export async function download(path, name) {
  const answer = await answered('GET', path, undefined, undefined, FILE_PATIENCE);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
