// Cards as tests need them.
import { buttonHandle, writePayload } from '../../channels/payload.ts';
import type { Card, CardAsk } from '../../domain/card.ts';
import type { ClickAnswer } from '../../domain/channel.ts';
import type { Shown } from '../../domain/display.ts';

export const shown = (text: string): Shown => ({ text, flags: [] });

export const HANDLE = 'AbCdEfGhIjKlMnOpQrSt-_';
const DIGEST = 'd'.repeat(64);

/** What the button of that answer carries. */
export const payloadOf = (answer: ClickAnswer, { handle = HANDLE, digest = DIGEST } = {}): string =>
  writePayload(answer, buttonHandle(answer, { handle, digest }));

export function anAsk(change: Partial<CardAsk> = {}): CardAsk {
  return {
    approvalId: 'c-1:1:0.0.0',
    handle: HANDLE,
    digest: DIGEST,
    headline: [shown('refund order 1042'), shown('Dana Kim'), shown('72.00 EUR')],
    fields: [{ name: 'order', value: shown('1042'), from: null, isCritical: true }],
    hiddenFields: 0,
    evidence: { asOfMs: 1_800_000_000_000, ageMs: 5, version: 'v7', fields: [], hiddenFields: 0 },
    rule: shown('refund.large'),
    reason: shown('above 50 EUR'),
    requester: shown('Dana Kim'),
    isQuestion: false,
    group: 'finance',
    quorum: 1,
    decided: [],
    saidSince: [],
    deadlineMs: 1_800_000_060_000,
    otherwise: 'then it is denied by itself',
    title: 'support-desk asks for leave: finance',
    ...{ end: 'open', ended: '', changed: shown('') },
    outcome: null,
    answers: ['approve', 'deny'],
    isWhole: true,
    ...change,
  };
}

export function aCard(...asks: readonly CardAsk[]): Card {
  return { id: 'c-1:1:0', asks: asks.length === 0 ? [anAsk()] : asks, alsoRuns: [] };
}

/** What a card shows when all is over. */
export const settled = (change: Partial<CardAsk> = {}): CardAsk =>
  anAsk({
    ...{ end: 'denied', ended: 'Denied', title: 'support-desk asked for leave: finance' },
    answers: [],
    decided: [{ person: shown('Finn Berger'), answer: 'deny', reason: shown('not in March'), atMs: 1_800_000_001_000 }],
    outcome: shown('nothing ran'),
    ...change,
  });
