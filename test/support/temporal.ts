// Real Temporal servers for tests: the dev server in memory, and the one that skips time.
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporal, findTestServer } from '../../workers/dev-server/find.ts';
import { prepareNamespace } from '../../workers/temporal.ts';

const quiet = { env: process.env, report: () => undefined };

export async function startTemporal(): Promise<TestWorkflowEnvironment> {
  const path = await findTemporal(quiet);
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
    },
  });
  await prepareNamespace(env.connection, env.namespace ?? 'default');
  return env;
}

export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = await findTestServer(quiet);
  return TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
}
