import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ticks, every } from '../src/lib/scale.js';

test('an axis reaches its largest value in round steps', () => {
  assert.deepEqual(ticks(7), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticks(0), [0, 1]);
  assert.deepEqual(ticks(1), [0, 1]);
  for (const most of [3, 99, 1234, 5e6]) {
    const steps = ticks(most);
    assert.ok(steps.at(-1) >= most && steps.length <= 7, `${most}: ${steps}`);
  }
});

test('labels keep their distance', () => {
  assert.deepEqual(every(Array(24).fill(0), 6), [0, 4, 8, 12, 16, 20]);
  assert.deepEqual(every([], 6), []);
});
