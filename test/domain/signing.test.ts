import { deepEqual, equal, notEqual, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionStatement } from '../../domain/signed.ts';
import { actionDigest, canonicalJson } from '../../trust/digest.ts';
import { createSigner, createVerifier, generateSigningKey, SignatureInvalid } from '../../trust/signing.ts';
import { ADA, aProposal } from './builders.ts';

const api = createSigner('api', generateSigningKey());
const workflows = createSigner('workflows', generateSigningKey());
const verifier = createVerifier({ api: [api.publicKey], workflows: [workflows.publicKey] });
const decision: DecisionStatement = {
  kind: 'decision',
  decisionId: 'd1',
  approvalId: 'c1:1:0.0.0',
  digest: 'abc',
  answer: 'approve',
  reason: '',
  person: ADA,
  method: 'http',
  atMs: 1,
};

test('what is verified is what was signed', async () => {
  deepEqual(await verifier.verify('decision', await api.sign(decision)), decision);
});

test('an altered statement does not verify', async () => {
  const [head, body, tail] = (await api.sign(decision)).split('.');
  const altered = Buffer.from(body ?? '', 'base64url')
    .toString()
    .replace('"approve"', '"deny"');
  const forged = [head, Buffer.from(altered).toString('base64url'), tail].join('.');
  await rejects(verifier.verify('decision', forged), SignatureInvalid);
});

test('a key signs the statements of its own role only, whatever it says of itself', async () => {
  await rejects(workflows.sign(decision), SignatureInvalid);
  const posing = createVerifier({ api: [workflows.publicKey], workflows: [api.publicKey] });
  await rejects(posing.verify('decision', await api.sign(decision)), SignatureInvalid);
});

test('a statement of one kind is not taken for another', async () => {
  await rejects(verifier.verify('message', await api.sign(decision)), SignatureInvalid);
});

test('both the old and the new key of a role verify while keys rotate', async () => {
  const next = createSigner('api', generateSigningKey());
  const both = createVerifier({ api: [api.publicKey, next.publicKey], workflows: [] });
  equal((await both.verify('decision', await next.sign(decision))).decisionId, 'd1');
  equal((await both.verify('decision', await api.sign(decision))).decisionId, 'd1');
  await rejects(verifier.verify('decision', await next.sign(decision)), SignatureInvalid);
});

test('text that is no token and a key that is no key are refused without quoting them', async () => {
  for (const bad of ['', 'a.b', 'a.b.c', '{}']) await rejects(verifier.verify('decision', bad), SignatureInvalid);
  throws(
    () => createSigner('api', 'c2VjcmV0'),
    (error: Error) => !error.message.includes('c2VjcmV0'),
  );
});

test('each part of an action is in its digest', () => {
  const base = actionDigest(aProposal());
  for (const over of [
    { actionId: 'c1:1:1' },
    { tool: 'send_mail' },
    { toolVersion: '2' },
    { args: '{"amountCents":7201,"order":1042}' },
    { principal: { ...ADA, id: 'customer-bob' } },
    { principal: { ...ADA, tenant: 'other' } },
    { salt: 'other' },
  ]) {
    notEqual(actionDigest(aProposal(over)), base);
  }
  equal(actionDigest(aProposal({ summary: 'shown only' })), base);
});

test('canonical JSON is one text per value, and refuses what JSON cannot say', () => {
  equal(canonicalJson({ b: 1, a: [1, 2.0, 'é'] }), '{"a":[1,2,"é"],"b":1}');
  throws(() => canonicalJson({ a: '\ud800' }));
});
