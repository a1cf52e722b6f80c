// What a model call is told of what it does not see, and what stands on record of that.
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { showingOf } from '../../activities/assistant/showing.ts';
import type { Item, ItemBody, SummaryBody } from '../../domain/item.ts';
import { anItem, says } from './support.ts';

const countTokens = (text: string): number => text.length;
const tokensOf = ({ body }: Item): number => body.text.length;
const summary: SummaryBody = {
  ...{ kind: 'summary', text: 'turn 1, Ada: My order is 1042.', by: 'code', fromTurn: 1, toTurn: 3, sinceMs: 0 },
  ...{ sources: [{ id: 'old', digest: 'd' }], earlier: { id: 's0', digest: 'd0' } },
  ...{ lines: [], named: [], unnamed: 0, people: [], isClean: true },
};
const open = [{ turn: 4, summaries: ['refund order 1042'], group: 'finance', deadlineMs: 0 }];
const at = (turn: number, body: ItemBody): Item => ({ ...anItem(`t${turn}`, body), turn, seq: turn });
const said = at(4, { kind: 'reply', text: 'ok', by: 'model' });
const before = [at(4, says('x'.repeat(600))), { ...said, id: 'r4' }];
const offered = [at(0, summary), ...before, at(5, says('and now?'))];
const show = (maxTokens: number, unshown = 0) =>
  showingOf(offered, { maxTokens, pinnedTokens: 0, tokensOf, openTurns: [] }, { open, unshown, countTokens });

test('a summary stands first, and what it has in its place is on record with its id', () => {
  const { transcript, within, isTight } = show(10_000);
  deepEqual(
    transcript.map(({ kind }) => kind),
    ['summary', 'message', 'reply', 'message'],
  );
  deepEqual(within.leftOut, [
    { id: 's0', digest: 'd0', why: 'summed_up', into: 't0' },
    { id: 'old', digest: 'd', why: 'summed_up', into: 't0' },
  ]);
  equal(isTight, false);
});

test('where an exchange leaves of which something waits, a note says what, for whom and until when', () => {
  const { transcript, within, isTight } = show(500);
  const [note] = transcript;
  ok(note?.kind === 'note');
  match(note.text, /1 earlier message and what followed upon it is not shown, all from before 2026-/);
  match(note.text, /Open since turn 4: refund order 1042 \(waits for finance, until 1970-01-01 00:00 UTC\)/);
  deepEqual(
    within.leftOut.filter(({ why }) => why === 'no_room').map(({ id }) => id),
    ['t4', 'r4'],
  );
  ok(within.countedTokens <= 500);
  equal(isTight, true);
});

test('what is not even offered is counted in the note', () => {
  const [note] = show(10_000, 7).transcript;
  match(note?.kind === 'note' ? note.text : '', /7 earlier messages and what followed upon them are not shown/);
});
