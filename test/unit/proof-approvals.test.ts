// The reference model of the proof `approvals` must be able to say no.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Done, explains, type Found } from '../proofs/approvals/reference.ts';
import type { Script } from '../proofs/approvals/scripts.ts';
import type { PersonId } from '../proofs/agents/petitioner/people.ts';
import type { Word } from '../proofs/approvals/surfaces.ts';

const script = (tool: Script['tool'] = 'transfer'): Script => ({ tool, requester: 'ada', moments: [], finish: 'deny' });
const said = (by: PersonId, word: Word, counted = true): Done => ({
  kind: 'said',
  by,
  word,
  on: 0,
  counted,
  told: '',
});
const found = (end: string, ...words: readonly string[]): readonly Found[] => [{ end, words }];
const approved = found('approved', 'dora:approve');

test('an approval without enough people who may decide is explained by nothing', () => {
  assert.ok(explains(script(), [[said('dora', 'approve')]], approved));
  assert.ok(!explains(script(), [], approved), 'nobody said it');
  assert.ok(!explains(script('transfer_two'), [[said('dora', 'approve')]], approved), 'one of two');
  assert.ok(!explains(script(), [[said('nora', 'approve')]], found('approved', 'nora:approve')), 'no member');
  assert.ok(
    !explains({ ...script(), requester: 'paul' }, [[said('paul', 'approve')]], found('approved', 'paul:approve')),
  );
  const takenBack = [[said('dora', 'approve')], [said('dora', 'withdraw')], [said('emil', 'approve')]];
  assert.ok(!explains(script('transfer_two'), takenBack, found('approved', 'dora:approve', 'emil:approve')));
});

test('what was done at once may have come in any order, and only in one that fits what was told', () => {
  const both = [said('dora', 'approve'), said('emil', 'deny', false)];
  assert.ok(explains(script(), [both], approved));
  assert.ok(!explains(script(), [both], found('denied', 'emil:deny')), 'emil was told that it did not count');
  assert.ok(
    !explains(script(), [[said('dora', 'approve'), said('emil', 'deny')]], approved),
    'both were told that it did',
  );
});

test('an end that nobody made needs a clock or a stop', () => {
  assert.ok(!explains(script(), [], found('expired')));
  assert.ok(explains(script('transfer_soon'), [], found('expired')));
  assert.ok(!explains(script(), [], found('cancelled')));
  assert.ok(explains(script(), [[{ kind: 'stopped' }]], found('cancelled')));
  assert.ok(
    !explains(script(), [[said('dora', 'edit')]], found('superseded', 'dora:edit')),
    'the edit must be asked about',
  );
});
