import { test } from 'node:test';
import assert from 'node:assert/strict';
import { joined, wants, MOST_ROWS } from '../src/lib/live.js';
import { look, LONG, REST } from '../src/lib/pause.js';

test('the newest row is first and the oldest go', () => {
  const old = Array.from({ length: MOST_ROWS }, (_, n) => ({ n }));
  const rows = joined(old, [{ n: 'a' }, { n: 'b' }]);
  assert.equal(rows.length, MOST_ROWS);
  assert.deepEqual(rows.slice(0, 3).map((r) => r.n), ['b', 'a', 0]);
  assert.equal(joined([], Array.from({ length: 2 * MOST_ROWS }, (_, n) => ({ n })))[0].n, 2 * MOST_ROWS - 1);
});

test('a row is wanted by what it is and by parts of names', () => {
  const row = { action: 'block', policy: 'default', rule: 'pack.secrets/keys', route: 'chat', would_have: false };
  assert.ok(wants(row, {}));
  assert.ok(wants(row, { action: 'block', rule: 'SECRETS' }));
  assert.ok(!wants(row, { action: 'would' }));
  assert.ok(wants({ ...row, would_have: true }, { action: 'would' }));
  assert.ok(!wants({ ...row, rule: null }, { rule: 'x' }));
});

test('time on severe items adds up until a rest', () => {
  let strain = { spent: 0, last: 0 };
  let now = 1_000_000;
  for (let i = 0; i <= 50; i += 1) strain = look(strain, (now += 60_000));
  assert.equal(strain.spent, LONG);
  assert.equal(look(strain, now + REST).spent, 0);
  assert.equal(look(strain, now + 5 * 60_000).spent, LONG + 60_000);
});
