import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Worker } from '@temporalio/worker';
import { workflowBundle } from '../../workers/bundle.ts';
import { KEPT } from '../support/kept.ts';
import { errandCode } from '../support/errands.ts';
import { ROOT } from '../support/sources.ts';
import { HISTORIES, SUMS, sumOf } from './sums.ts';

const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
interface History {
  readonly events: {
    eventType: string;
    workflowExecutionStartedEventAttributes?: { workflowId?: string; originalExecutionRunId?: string };
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  }[];
}

const read = (name: string): History => JSON.parse(readFileSync(join(HISTORIES, name), 'utf8')) as History;

/** What replaying it says, by the file's name: '' when today's code does what the history holds. */
let replayed: ReadonlyMap<string, string>;

before(async () => {
  replayed = await replay(new Map(names.map((name) => [name, read(name)])));
});

/** On one Worker for all: its start takes longer than a replay. */
async function replay(histories: ReadonlyMap<string, History>): Promise<ReadonlyMap<string, string>> {
  const nameOf = new Map<string, string>();
  const each = Array.from(histories, ([name, history]) => {
    const started = history.events[0]?.workflowExecutionStartedEventAttributes;
    nameOf.set(started?.originalExecutionRunId ?? '', name);
    // Under its own id, which a procedure looks at; histories of older servers do not say it.
    return { workflowId: started?.workflowId ?? name, history };
  });
  equal(nameOf.size, histories.size, 'each history is of a run of its own');
  const bundle = await workflowBundle(KEPT, await errandCode());
  const said = new Map<string, string>();
  for await (const { runId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, each)) {
    said.set(nameOf.get(runId) ?? runId, error?.name ?? '');
  }
  return said;
}

test('every history that was ever kept is still here, as it was recorded', () => {
  // A file that goes missing, or is another than it was, is a promise taken back.
  const sums = names.map((name) => sumOf(name, readFileSync(join(HISTORIES, name), 'utf8')));
  deepEqual(sums.toSorted(), readFileSync(SUMS, 'utf8').trimEnd().split('\n').toSorted());
});

test('this version has histories of its own', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  ok(names.some((name) => name.startsWith(`${version}-`)));
});

for (const name of names) {
  test(`the history ${name} replays on today's code`, () => {
    equal(replayed.get(name), '');
  });
}

test('a history of another code does not replay: the check can fail', async () => {
  const name = names.find((one) => one.includes('inline-reads-and-writes')) ?? '';
  const history = read(name);
  const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes !== undefined);
  if (scheduled?.activityTaskScheduledEventAttributes === undefined) throw new Error('no Activity to alter');
  scheduled.activityTaskScheduledEventAttributes.activityType.name = 'another';
  deepEqual(await replay(new Map([[name, history]])), new Map([[name, 'DeterminismViolationError']]));
});
