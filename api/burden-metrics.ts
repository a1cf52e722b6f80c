// The burden of approvals as numbers for Prometheus. They come out of the store and are of the last days, so every process
// says the same, also after a restart: nothing here grows, and nobody adds them up over processes. May import domain.
import {
  ANSWERS_TO_ASK,
  BURDEN_BUCKETS_S,
  notSeenOf,
  type RuleBurden,
  STAMP_SIGNS,
  stampSignsOf,
  type Times,
} from '../domain/burden.ts';
import type { Gauge, Labels, Samples } from './gauge.ts';

export function burdenGauges(rules: readonly RuleBurden[]): readonly Gauge[] {
  const ofEach = (of: (rule: RuleBurden, labels: Labels) => Samples): Samples =>
    rules.flatMap((rule) => of(rule, { agent: rule.agent, rule: rule.ruleId }));
  return [
    ['approval_asks', 'Asks for leave of the last 7 days', ofEach(({ asked }, of) => [[of, asked]])],
    ['approval_expired', 'Of those, how many nobody decided in time', ofEach(({ expired }, of) => [[of, expired]])],
    [
      'approval_decisions',
      'What people answered to them',
      ofEach(({ answers }, of) => ANSWERS_TO_ASK.map((answer) => [{ ...of, answer }, answers[answer]])),
    ],
    ...histogram('approval_decision_seconds', 'From the ask to its approval, denial or edit', (times) =>
      ofEach(({ decided }, of) => times(decided, of)),
    ),
    ...histogram(
      'approval_looked_seconds',
      'From the first look at its page to the decision, or else from the card on its channel',
      (times) =>
        ofEach(({ page, card }, of) => [...times(page, { ...of, at: 'page' }), ...times(card, { ...of, at: 'card' })]),
    ),
    [
      'approval_decisions_not_looked',
      'Decisions of which neither a look nor a card is known: over HTTP or the command line',
      ofEach((rule, of) => [[of, notSeenOf(rule)]]),
    ],
    [
      'approval_rubber_stamp',
      '1 where it looks as if nobody looks: decided at a glance, or nearly always yes',
      ofEach((rule, of) => STAMP_SIGNS.map((sign) => [{ ...of, sign }, stampSignsOf(rule).includes(sign) ? 1 : 0])),
    ],
  ];
}

/** In the form of a histogram, but as gauges: what is older than the days falls out, so that no rate is to be taken. */
function histogram(
  name: string,
  help: string,
  of: (sample: (times: Times, labels: Labels) => Samples) => Samples,
): readonly Gauge[] {
  return [
    [
      `${name}_bucket`,
      help,
      of(({ buckets, count }, labels) => [
        ...BURDEN_BUCKETS_S.map((s, at) => [{ ...labels, le: `${s}` }, buckets[at] ?? 0] as const),
        [{ ...labels, le: '+Inf' }, count],
      ]),
    ],
    [`${name}_sum`, help, of(({ sumMs }, labels) => [[labels, sumMs / 1000]])],
    [`${name}_count`, help, of(({ count }, labels) => [[labels, count]])],
  ];
}
