import { store } from '../lib/store.js';

/** The password, said once more before what weighs much. */

/** @type {ReturnType<typeof store<null | ((done: boolean) => void)>>} whom the answer goes to */
export const asking = store(null);

/** @returns {Promise<boolean>} whether the person confirmed */
export function confirmation() {
  return new Promise((resolve) => {
    const before = asking.get();
    asking.set(() => (done) => {
      before?.(done);
      resolve(done);
    });
  });
}

/** @param {boolean} done */
export function settle(done) {
  const waiting = asking.get();
  asking.set(null);
  waiting?.(done);
}
