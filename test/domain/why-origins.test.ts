import { match } from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedEntry } from '../../domain/entry.ts';
import { tellWhy } from '../../domain/why.ts';
import { aProposal } from './builders.ts';

const nothingElse = { items: new Map(), digestNow: 'd1', questionDigest: '', proofs: new Map(), isCut: false };

test('where each value that decides came from is told with the proposal, as code traced it', () => {
  const traced = (path: string, origin: 'untrusted' | 'model') =>
    ({ path, name: path, origin, source: 'read_mail', itemId: 'i1' }) as const;
  const provenance = {
    context: 'untrusted',
    values: [traced('amountCents', 'model'), traced('order', 'untrusted')],
  } as const;
  const fact = { kind: 'proposed', proposal: aProposal({ critical: ['order'], provenance }) } as const;
  const of = { seq: 1, subject: 'c1:1:0', step: 'proposed', conversationId: 'c1', atMs: 1, seal: 'fits' } as const;
  const entry: RecordedEntry = { ...of, fact };
  const [line] = tellWhy([entry], nothingElse).filter(({ seq }) => seq === 1);
  match(line?.text ?? '', /"order":1042\}; order comes from read_mail \(untrusted\)$/);
});
