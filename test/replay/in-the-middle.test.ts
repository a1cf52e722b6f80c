// A history that was fetched in the middle of a turn replays as far as its Workflow has decided, wherever that is.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { workflowBundle } from '../../workers/bundle.ts';
import { KEPT } from '../support/kept.ts';
import { decidedPart } from '../../workers/decided-history.ts';
import { replayedPatiently } from '../../workers/rebuild/patiently.ts';
import { errandCode } from '../support/errands.ts';
import { ROOT } from '../support/sources.ts';

const file = join(ROOT, 'test/replay/histories/0.9.0-inline-reads-and-writes.json');
const history = historyFromJSON(JSON.parse(readFileSync(file, 'utf8')));
const events = history.events ?? [];

test('cut off at any event it replays, and nothing is asked for that a replay cannot give', async () => {
  const bundle = await workflowBundle(KEPT, await errandCode());
  const workflowId = events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'cut';
  const cuts = async function* () {
    for (let end = 1; end <= events.length; end++) {
      const decided = decidedPart(events.slice(0, end));
      if (decided !== undefined) yield { workflowId, history: { events: decided } };
    }
  };
  const problems: unknown[] = [];
  // What it asks for in vain fails a Workflow Task, of which Core warns.
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ message }) => problems.push(message)),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN' }), forward: {} } },
  });
  let replayed = 0;
  for await (const { error } of replayedPatiently({ workflowBundle: bundle }, cuts())) {
    replayed += 1;
    if (error !== undefined) problems.push(error);
  }
  await Runtime.instance().shutdown();
  deepEqual(problems, []);
  ok(replayed > 20, `${replayed} cuts`);
});

test('of a run that has ended, or waits, nothing is left out that was decided', () => {
  const last = events.findLastIndex(({ workflowTaskCompletedEventAttributes: done }) => (done ?? null) !== null);
  ok((decidedPart(events)?.length ?? 0) > last);
  equal(decidedPart(events.slice(0, last + 1))?.length, last + 1);
  equal(decidedPart(events.slice(0, 3)), undefined);
});
