import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpen, createSeal, generateSealingKey, sealingPublicKey } from '../../trust/sealing.ts';
import { generateSigningKey } from '../../trust/signing.ts';

const own = generateSealingKey();
const seal = createSeal(sealingPublicKey(own));
const open = createOpen(own);

test('what is sealed for a key is opened by its holder alone, for the same occasion', () => {
  for (const text of ['', 'https://desk.example/approvals/x?link=a.b.c', 'wörter ☃'.repeat(500)]) {
    const sealed = seal(text, 'a click');
    assert.match(sealed, /^[\w-]+$/);
    assert.equal(open(sealed, 'a click'), text);
    assert.equal(open(sealed, 'another click'), undefined);
    assert.equal(createOpen(generateSealingKey())(sealed, 'a click'), undefined);
    if (text !== '') assert.ok(!Buffer.from(sealed, 'base64url').includes(text.slice(0, 8)));
  }
  assert.notEqual(seal('x', ''), seal('x', ''), 'nobody sees that two are the same');
});

test('what was altered anywhere does not open', () => {
  const bytes = Buffer.from(seal('the link', 'a click'), 'base64url');
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(open(altered.toString('base64url'), 'a click'), undefined, `byte ${at}`);
  }
  for (const cut of [0, 10, 44, 60, bytes.length - 1])
    assert.equal(open(bytes.subarray(0, cut).toString('base64url'), 'a click'), undefined, `${cut} bytes`);
});

test('a key of another kind is refused', () => {
  assert.throws(() => createOpen(generateSigningKey()), /must be an X25519 key, not ed25519/);
  assert.throws(() => createSeal('AAAA'));
});
