import { test } from 'node:test';
import assert from 'node:assert/strict';
import { query, place, address, instant, local } from '../src/lib/query.js';

test('what is empty is not in a query', () => {
  assert.equal(query({ a: '', b: null, c: undefined, d: false }), '');
  assert.equal(query({ a: 1, b: 'x y', c: true }), '?a=1&b=x+y&c=true');
});

test('a query cannot be broken out of', () => {
  assert.equal(query({ rule: 'a&limit=1#x' }), '?rule=a%26limit%3D1%23x');
});

test('an address comes back as it was written', () => {
  const hash = address(['policies', 'a/b?c#d'], { rule: '规则 &=' });
  assert.deepEqual(place(hash), { path: ['policies', 'a/b?c#d'], params: { rule: '规则 &=' } });
});

test('an address that cannot be decoded is taken as it is', () => {
  assert.deepEqual(place('#/x/%E0%A4%A'), { path: ['x', '%E0%A4%A'], params: {} });
  assert.deepEqual(place(''), { path: [], params: {} });
});

test('times of fields and of the API are the same instant', () => {
  const at = instant('2026-11-29T10:30');
  assert.match(at, /^2026-11-\d\dT\d\d:\d\d:00\.000Z$/);
  assert.equal(local(at), '2026-11-29T10:30');
  assert.equal(instant('nonsense'), '');
  assert.equal(local(''), '');
});
