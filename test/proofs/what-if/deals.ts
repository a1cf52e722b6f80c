// What was asked for in the corpus, by chance that a seed repeats: the mix of a bank's desk, with what happens to records
// afterwards. May import the proofs' own support.
import type { Random } from '../support.ts';

/** One call, with everything that any rule of the proof may look at. */
export interface Deal {
  readonly conversationId: string;
  readonly actionId: string;
  readonly tool: 'transfer' | 'read_account' | 'send_letter';
  readonly by: string;
  readonly to: string;
  readonly cents: number;
  readonly currency: string;
  readonly origin: 'principal' | 'record' | 'untrusted';
  /** What the record says of the account; null: it could not be read, or is none. */
  readonly account: 'open' | 'frozen' | null;
  readonly isOwn: boolean;
  /** Of a step: the procedure whose code wants it. */
  readonly procedure: string | null;
  /** When the rules were asked, and when it went on record. */
  readonly nowMs: number;
  readonly recordedMs: number;
  readonly isOldTool: boolean;
  /** `old`: without what the rules saw besides, as 0.6.0 recorded it. */
  readonly fate: 'kept' | 'old' | 'ruling_erased' | 'proposal_erased' | 'altered';
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const STARTED_MS = Date.UTC(2026, 0, 5);
const ACCOUNTS = 40;

export function dealsOf(count: number, random: Random): readonly Deal[] {
  const deals: Deal[] = [];
  while (deals.length < count) {
    const deal = aDeal(deals.length, random);
    deals.push(deal);
    // Now and then the model wants the same once more, while it is open or has been denied.
    if (deals.length < count && random.next() < 0.03) deals.push(again(deal));
  }
  return deals;
}

/** The same once more in its conversation, which code denies where the first one is open. */
const again = (deal: Deal): Deal => ({
  ...deal,
  actionId: `${deal.conversationId}:2:0`,
  procedure: null,
  fate: 'kept',
});

/** True for what is asked for again. */
export const isAgain = ({ conversationId, actionId }: Deal): boolean => actionId.startsWith(`${conversationId}:2:`);

function aDeal(at: number, random: Random): Deal {
  const chance = (share: number) => random.next() < share;
  const tool = random.pick(['transfer', 'transfer', 'transfer', 'read_account', 'send_letter'] as const);
  const conversationId = `what-if-${String(at).padStart(6, '0')}`;
  const procedure = tool === 'send_letter' && chance(0.3) ? random.pick(['goodbye', 'welcome']) : null;
  const nowMs = STARTED_MS + random.between(0, 90) * DAY_MS + random.between(0, 23) * HOUR_MS + random.between(0, 999);
  const isOld = chance(0.05);
  return {
    ...{ conversationId, tool, procedure, nowMs },
    actionId: `${conversationId}:1:0${procedure === null ? '' : '/say'}`,
    by: random.pick(['ada', 'ben', 'cleo']),
    to: tool === 'send_letter' ? random.pick(['x@house.example', 'x@evil.example']) : `A${random.between(1, ACCOUNTS)}`,
    cents: random.pick([random.between(1, 3_000), random.between(1_000, 120_000), random.between(10_000, 900_000)]),
    currency: chance(0.1) ? 'JPY' : 'EUR',
    origin: random.pick(['principal', 'principal', 'record', 'untrusted'] as const),
    account: tool === 'send_letter' || chance(0.02) ? null : chance(0.08) ? 'frozen' : 'open',
    isOwn: chance(0.8),
    // Some are written down hours later, so that it matters which of the two times a rule is handed.
    recordedMs: nowMs + (isOld ? random.between(0, 5) * HOUR_MS : 20),
    isOldTool: chance(0.01),
    fate: isOld ? 'old' : fateOf(random.next()),
  };
}

function fateOf(chance: number): Deal['fate'] {
  if (chance < 0.02) return 'ruling_erased';
  if (chance < 0.04) return 'proposal_erased';
  return chance < 0.05 ? 'altered' : 'kept';
}
