import { test } from 'node:test';
import assert from 'node:assert/strict';
import { ticks, every, merged } from '../src/lib/scale.js';

test('an axis reaches its largest value in round steps', () => {
  assert.deepEqual(ticks(7), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticks(0), [0, 1]);
  assert.deepEqual(ticks(1), [0, 1]);
  for (const most of [3, 99, 1234, 5e6]) {
    const steps = ticks(most);
    assert.ok(steps.at(-1) >= most && steps.length <= 7, `${most}: ${steps}`);
  }
});

test('bars that would be too thin are added up, and nothing is lost', () => {
  const buckets = Array.from({ length: 10 }, (_, at) => ({ at, block: at, tag: 1 }));
  const bars = merged(buckets, ['block', 'tag'], 4);
  assert.deepEqual(bars.map((bar) => bar.at), [0, 3, 6, 9]);
  assert.equal(bars.reduce((sum, bar) => sum + bar.block, 0), 45);
  assert.equal(bars.reduce((sum, bar) => sum + bar.tag, 0), 10);
  assert.equal(merged(buckets, ['block'], 10), buckets);
});

test('labels keep their distance', () => {
  assert.deepEqual(every(Array(24).fill(0), 6), [0, 4, 8, 12, 16, 20]);
  assert.deepEqual(every([], 6), []);
});
