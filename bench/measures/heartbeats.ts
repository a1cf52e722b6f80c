// What heartbeats cost: many model calls are under way at once and nothing else is done, so that beats are all that there
// is; the same stack at rest is taken off.
import { setTimeout as sleep } from 'node:timers/promises';
import { HEARTBEAT_MS } from '../../activities/heartbeat.ts';
import { type Cost, measure } from '../../test/proofs/parked/measure.ts';
import type { Rig } from '../../test/proofs/rig/rig.ts';
import { waitFor } from '../../test/proofs/support.ts';
import type { Figure } from '../measure.ts';
import type { Caller } from './callers.ts';
import { ours } from './stack.ts';

// 50: as many callers as the measures of turns have at most.
const CALLS = 50;
const WINDOW_MS = 10_000;
// 25 s: all have begun within ten, and the window is ten more.
const ANSWERS_MS = 25_000;
// 2 s: what the last recovery and the start of the calls have left to do.
const REST_MS = 2_000;
const START_LIMIT_MS = 60_000;

/** `rig`: where nothing is under way. */
export async function costOfHeartbeats(rig: Rig, callers: readonly Caller[]): Promise<readonly Figure[]> {
  await sleep(REST_MS);
  const rest = await measure(rig, WINDOW_MS);
  let heard = 0;
  rig.model.hear = () => {
    heard += 1;
  };
  rig.model.answersAfterMs = ANSWERS_MS;
  const said = Array.from({ length: CALLS }, async (_, at) => {
    const caller = callers[at % callers.length];
    const id = `beat-${at}`;
    await caller?.open(id);
    await caller?.say(id, 'first', `Hello [${id}]`);
  });
  await waitFor('all model calls', START_LIMIT_MS, () => heard >= CALLS);
  await sleep(REST_MS);
  const beating = await measure(rig, WINDOW_MS);
  if (heard > CALLS) throw new Error('a model call was over before it was measured');
  await Promise.all(said);
  const beats = (CALLS * 1_000) / HEARTBEAT_MS;
  // Of those two alone: the API looks for fifty replies meanwhile.
  const more = (name: string) => cpuOf(beating, name) - cpuOf(rest, name);
  const [assistant, temporal] = [more('assistant'), more('Temporal')];
  return ours(
    { calls: CALLS, beats_per_s: beats },
    {
      heartbeats_assistant_cpu_ms_per_s: assistant,
      heartbeats_temporal_cpu_ms_per_s: temporal,
      cpu_ms_per_heartbeat: (assistant + temporal) / beats,
    },
  );
}

const cpuOf = ({ processes }: Cost, name: string): number => processes.get(name)?.cpuMs ?? 0;
