// Forgeries on every way in, and the control beside them: once all of them came to nothing, a genuine word counts.
import { type Bench, genuine, type Track } from './bench.ts';
import { forgedOnSlack, forgedOnTelegram } from './forged-webhooks.ts';
import { forgedByHand, forgedOverHttp } from './forged-words.ts';
import { signsAsDocumented } from './platforms.ts';
import type { ByHand } from './signals.ts';
import { askFor, type Stage } from './stage.ts';

export function forged(bench: Bench, stage: Stage, byHand: ByHand): readonly Track[] {
  const transfer = () => askFor(stage, { tool: 'transfer' });
  return [
    () =>
      bench.attempt('forged webhooks', 'signed here as Slack documents it', async () =>
        signsAsDocumented() ? undefined : 'the example of its documentation has another signature',
      ),
    async () => {
      const [victim, own] = await Promise.all([transfer(), askFor(stage, { tool: 'transfer', by: 'paul' })]);
      await forgedOverHttp(bench, stage, victim, own);
      await bench.attempt('forged over HTTP', 'the control', () => genuine(stage, 'http', victim));
    },
    async () => {
      const victim = await transfer();
      await forgedOnSlack(bench, stage, victim);
      await bench.attempt('forged webhooks', 'the control on Slack', () => genuine(stage, 'slack', victim));
    },
    async () => {
      const victim = await transfer();
      await forgedOnTelegram(bench, stage, victim);
      await bench.attempt('forged webhooks', 'the control on Telegram', () => genuine(stage, 'telegram', victim));
    },
    async () => {
      const [victim, other] = await Promise.all([transfer(), transfer()]);
      await forgedByHand(bench, stage, byHand, victim, other);
      await bench.attempt('forged by hand in Temporal', 'the control', () => genuine(stage, 'http', victim));
    },
  ];
}
