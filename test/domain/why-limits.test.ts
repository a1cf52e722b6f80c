import { match } from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordedEntry } from '../../domain/entry.ts';
import type { Given } from '../../domain/ruling.ts';
import { tellWhy } from '../../domain/why.ts';
import { ALLOW, anEvidence } from './builders.ts';

const nothingElse = { items: new Map(), digestNow: 'd1', questionDigest: '', proofs: new Map(), isCut: false };
const period = { name: '2026-11', fromMs: 0, toMs: 9 };
const of = { limit: 'refunds', per: 'principal', key: 'ada', period } as const;

test('what a ruling saw of limits, and what it takes of them, is told with it', () => {
  const reserves = [{ ...of, currency: 'EUR', takes: 7_200, most: 50_000, atMs: 1 }];
  const limits = [{ ...of, within: 'month', timeZone: 'UTC', used: { EUR: 42_000 } }] as const;
  const told = (given: Given | undefined, seal: RecordedEntry['seal']) => {
    const ruled = {
      kind: 'ruled',
      digest: 'd1',
      verdict: { ...ALLOW, reserves },
      evidence: anEvidence(),
      signed: 's',
    } as const;
    const at = { seq: 1, subject: 'c1:1:0', step: 'ruled:allow:s', conversationId: 'c1', atMs: 1, seal } as const;
    const entry: RecordedEntry = { ...at, fact: { ...ruled, ...(given === undefined ? {} : { given }) } };
    return tellWhy([entry], nothingElse).find(({ seq }) => seq === 1)?.text ?? '';
  };
  match(
    told({ groups: [], nowMs: 1, limits }, 'fits'),
    /said allow: own; of refunds \(2026-11\): 420\.00 EUR before it, 72\.00 EUR for it, up to 500\.00 EUR in all$/,
  );
  match(told(undefined, 'none'), /; of refunds \(2026-11\): 72\.00 EUR for it, up to 500\.00 EUR in all$/);
});
