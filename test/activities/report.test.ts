// How what waited has ended, as it goes back to its conversation: whatever it was, the conversation takes it in.
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createSignReport } from '../../activities/workflows/record.ts';
import type { SettledAction } from '../../domain/action.ts';
import { MAX_REPORT_CHARS } from '../../domain/conversation.ts';
import type { ReportStatement } from '../../domain/signed.ts';
import { MAX_STEPS } from '../../domain/steps.ts';
import { createSigner, generateSigningKey, statementIn } from '../../trust/signing.ts';

type Deps = Parameters<typeof createSignReport>[0];
const signer = createSigner('workflows', generateSigningKey());
const store = { actions: { get: async () => undefined } };
const signReport = createSignReport({ store, signer, nowMs: () => 1 } as unknown as Deps);

const CONVERSATION = 'c'.repeat(64);
// 160 characters, as wide as they come: the longest summary.
const WIDE = '€😀'.repeat(53);

/** A step that may have happened, under the longest id that there is. */
const unknown = (nth: number): SettledAction => ({
  actionId: `${CONVERSATION}:123456789:1234/${`s${nth}-`.padEnd(32, 'x')}~12`,
  tool: 'pay',
  summary: WIDE,
  ending: { kind: 'unknown', reason: WIDE },
  then: 'nothing',
});

test('a procedure of which every step may have happened has a report that its conversation takes in', async () => {
  const settled = Array.from({ length: MAX_STEPS }, (_, nth) => unknown(nth));
  const batchId = `${CONVERSATION}:123456789:1234.procedure`;
  const signed = await signReport({ conversationId: CONVERSATION, batchId, settled, quotes: ['finn', 'olga', 'lena'] });
  ok(signed.length <= MAX_REPORT_CHARS, `${signed.length} characters`);
  const { asked = [] } = statementIn<ReportStatement>(signed);
  ok(asked.length > 0);
  equal(asked[0]?.questionId, `${settled[0]?.actionId}.question`);
});
