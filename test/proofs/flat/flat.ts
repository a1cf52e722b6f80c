// The proof `flat`: what a turn costs does not grow with the conversation. Three of them: a thousand turns that each read
// four kilobytes; a hundred calls in one turn; two hundred thousand tokens of what a caller writes.
import { Client, Connection } from '@temporalio/client';
import { fileURLToPath } from 'node:url';
import { countTokens } from '../../support/count-tokens.ts';
import { startRig } from '../rig/rig.ts';
import type { Proof, ProofContext } from '../support.ts';
import { COMPARED, type Figure, growthOf, tableOf } from './deciles.ts';
import { createSpeaker, decilesOf, effectsOf, type Lived, lookAt, lossesOf } from './lived.ts';
import { watchMemory } from './measure.ts';
import { startReader, wordsForLeaves } from './model.ts';
import { numbersFor } from './numbers.ts';

export const flat: Proof = { name: 'flat', run: prove };

const AGENTS = fileURLToPath(new URL('./agents/', import.meta.url));
const SIZES = {
  // A renewal costs as much history as half a turn of letters, or more: 50 events are three or four of those turns, so that
  // each of the thirds compared has one renewal or two, and never one of them none.
  quick: { turns: 40, letters: 20, letterChars: 6_500, renewAtEvents: 50 },
  // The project's own bound of a run's events is lower than the server's, which stays as it is. Thirty turns and more to a
  // decile: after that many a conversation offers all the items that it ever will.
  full: { turns: 1_000, letters: 300, letterChars: 1_200, renewAtEvents: undefined },
} as const;
const CALLS = 100;
const CALLS_AT_ONCE = 10;
const LEAST_CONTENT_TOKENS = 200_000;
// Strictly, whatever the machine does beside it.
const COUNTED: readonly Figure[] = ['events', 'history, bytes', 'prompt, tokens'];
// Each model call has on record what it was offered, up to sixty items: a quick conversation is still growing into that.
const STORED: readonly Figure[] = ['store, bytes'];
// Times and memory are what a machine makes of it: a time counts beside that of a young conversation in the same minutes. A
// quick run is too short for either, since the roles still grow into their caches.
const MEASURED: readonly Figure[] = ['p50 beside a young one', 'memory, MiB'];
// Some renewals: fewer would say nothing of what one costs.
const LEAST_RUNS = 4;

async function prove(context: ProofContext) {
  const { quick, log } = context;
  const size = quick ? SIZES.quick : SIZES.full;
  const reader = await startReader();
  const rig = await startRig(context, {
    agentsFolder: AGENTS,
    more: (role) => (role === 'assistant' ? { OPENAI_BASE_URL: reader.url } : {}),
    temporalSettings:
      size.renewAtEvents === undefined ? [] : [`limit.historyCount.suggestContinueAsNew=${size.renewAtEvents}`],
  });
  const connection = await Connection.connect({ address: rig.temporal.address });
  const memory = watchMemory(rig);
  try {
    const client = new Client({ connection });
    const speaker = createSpeaker(rig);
    const violations: string[] = [];
    const judge = async (what: string, lived: Lived, held: readonly Figure[], isOneTurn = false) => {
      const seen = await lookAt(rig, client, lived);
      const deciles = decilesOf(lived, seen, memory.samples, isOneTurn);
      log(`${what}: ${lived.told.length} turns in ${seen.runs} runs; by decile`);
      for (const line of tableOf(deciles)) log(`  ${line}`);
      violations.push(
        ...growthOf(what, deciles, held, quick ? COMPARED.quick : COMPARED.full),
        ...(await lossesOf(rig, lived, seen)),
      );
      return seen;
    };
    const stored = quick ? COUNTED : [...COUNTED, ...STORED];
    const held = quick ? stored : [...stored, ...MEASURED];

    const long = await speaker.live('flat-turns', size.turns, (nth) => wordsForLeaves(nth), true);
    const { runs } = await judge(`${size.turns} turns`, long, held);
    if (runs < LEAST_RUNS) violations.push(`there were only ${runs} runs`);
    violations.push(...(await effectsOf(rig, long.id, size.turns)));

    const wide = await speaker.live('flat-calls', 1, () => wordsForLeaves(1, CALLS, CALLS_AT_ONCE), false);
    await judge(`${CALLS} calls in a turn`, wide, [...COUNTED, ...STORED], true);
    violations.push(...(await effectsOf(rig, wide.id, CALLS)));

    const letter = (nth: number) => `Letter ${nth}. ${numbersFor(nth, size.letterChars)}`;
    const much = await speaker.live('flat-content', size.letters, letter, false);
    await judge(`${size.letters} letters`, much, stored);
    const tokens = much.told.reduce((sum, _, at) => sum + countTokens(letter(at + 1)), 0);
    log(`letters: ${tokens} tokens of content`);
    if (!quick && tokens < LEAST_CONTENT_TOKENS) violations.push(`the letters have only ${tokens} tokens`);
    violations.push(...rig.roles.surprises);
    return { cases: size.turns + CALLS + size.letters, violations };
  } finally {
    memory.stop();
    await connection.close();
    await rig.stop();
    await reader.stop();
  }
}
