import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedactor } from '../../activities/redaction.ts';

const SECRET = 'sk-live "ab/cd+ef%gh=ij\\kl&mn';
const redactor = createRedactor([SECRET, undefined]);

test('a secret is taken out in every form, and what stands around it stays', () => {
  const escaped = JSON.stringify(SECRET).slice(1, -1);
  const forms = [
    ...[SECRET, [...SECRET].toReversed().join(''), escaped, JSON.stringify(escaped).slice(1, -1)],
    ...[encodeURIComponent(SECRET), encodeURIComponent(SECRET).replace(/%../g, (one) => one.toLowerCase())],
    ...[Buffer.from(SECRET).toString('hex'), Buffer.from(SECRET).toString('hex').toUpperCase()],
  ];
  for (const form of forms) assert.equal(redactor.text(`before ${form} after`), 'before [secret] after', form);
});

test('in base64 it is found wherever it begins', () => {
  for (const before of ['', 'u', 'us', 'use', 'user:'])
    for (const encoding of ['base64', 'base64url'] as const) {
      const text = Buffer.from(`${before}${SECRET}`).toString(encoding);
      const clean = redactor.text(text);
      assert.match(clean, /^.{0,8}\[secret\].{0,4}$/, clean);
    }
});

test('twelve characters of it are enough, from wherever they are; eleven are anybody’s', () => {
  assert.equal(redactor.text(`${SECRET.slice(0, 12)}***`), '[secret]***');
  assert.equal(redactor.text(`…${SECRET.slice(9, 21)}…`), '…[secret]…');
  assert.equal(redactor.text(SECRET.slice(0, 11)), SECRET.slice(0, 11));
  assert.equal(redactor.text(`${SECRET}${SECRET} ${SECRET}`), '[secret] [secret]');
});

test('a short secret is found as it is; what is no longer than a word is none', () => {
  const short = createRedactor(['hunter2', 'on', '']);
  assert.equal(short.text('on hunter2, on'), 'on [secret], on');
});

test('of a URL the password, the path and the query are secret, and where it leads is not', () => {
  const { text } = createRedactor([
    'postgres://shop:pa%2Fssword-of-it@db.internal:5432/shop',
    'https://hooks.example/services/T0123456789AB?key=abcdefghijkl',
    'https://token-of-somebody@git.example/',
  ]);
  assert.equal(text('connect to db.internal:5432 as shop'), 'connect to db.internal:5432 as shop');
  assert.equal(text('pa%2Fssword-of-it or pa/ssword-of-it'), '[secret] or [secret]');
  assert.equal(text('https://hooks.example/services/T0123456789AB'), 'https://hooks.example/services/[secret]');
  assert.equal(text('key=abcdefghijkl, token-of-somebody'), 'key=[secret], [secret]');
});

test('what a URL is made of but its secrets is no secret: words of its path, names of its query, a database', () => {
  const { json } = createRedactor([
    'postgres://shop:password-of-it@db.internal:5432/customer',
    'postgresql://shop:password-of-it@db.internal:5432/customers_of_the_shop?application_name=tools!',
    'https://hooks.example/services/T0123/B0123456789A?channel=orders!&customer',
    'https://hooks.example/?a-token-without-a-name',
  ]);
  const record = { services: 'of customer', customer: { channel: 'a', application_name: 'customers_of_the_shop' } };
  assert.deepEqual(json(record), record);
  const secrets = { B0123456789A: 'password-of-it', value: 'orders! a-token-without-a-name' };
  assert.deepEqual(json(secrets), { '[secret]': '[secret]', value: '[secret] [secret]' });
});

test('names that hold secrets stay as many as they were', () => {
  const [one, other] = [SECRET.slice(0, 14), SECRET.slice(4, 20)];
  const clean = redactor.json({ '[secret] 2': 0, [one]: 1, [other]: 2, '[secret]': 3, [`${one}${other}`]: 4 });
  assert.deepEqual(clean, { '[secret] 2': 0, '[secret] 3': 1, '[secret] 4': 2, '[secret]': 3, '[secret] 5': 4 });
  const odd = JSON.parse(`{"__proto__": ${JSON.stringify(SECRET)}}`) as unknown;
  assert.equal(JSON.stringify(redactor.json(odd)), '{"__proto__":"[secret]"}');
});

test('a value keeps its form', () => {
  const value = { list: [`a ${SECRET}`, 1, null], [SECRET]: { deep: true }, at: new Date(0) };
  const clean = { list: ['a [secret]', 1, null], '[secret]': { deep: true }, at: '1970-01-01T00:00:00.000Z' };
  assert.deepEqual(redactor.json(value), clean);
  assert.equal(redactor.json(undefined), undefined);
});

test('of an error its name, its message, its stack and its causes remain, and nothing else', () => {
  const cause = Object.assign(new Error(`cause ${SECRET}`), { headers: SECRET });
  const given = Object.assign(new TypeError(`it is ${SECRET}`, { cause }), { input: SECRET, code: 'E' });
  const error = redactor.error(given);
  assert.deepEqual(
    [error.name, error.message, (error.cause as Error).message],
    ['TypeError', 'it is [secret]', 'cause [secret]'],
  );
  assert.deepEqual([Object.keys(error), Object.keys(error.cause as Error)], [[], []]);
  assert.match(error.stack ?? '', /^TypeError: it is \[secret\]\n +at /);
  assert.equal(redactor.error(SECRET).message, 'it failed without saying why');
  const circular = new Error('round');
  circular.cause = circular;
  assert.equal(redactor.error(circular).message, 'round');
});
