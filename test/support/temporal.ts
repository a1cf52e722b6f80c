// Real Temporal servers for tests: the dev server in memory, and the one that skips time.
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTemporal, findTestServer } from '../../workers/dev-server/find.ts';
import { QUICK_SETTINGS } from '../../workers/dev-server/start.ts';
import { indexedType, prepareNamespace, SEARCH_ATTRIBUTE_TYPES } from '../../workers/temporal.ts';

const quiet = { env: process.env, report: () => undefined };

/** A dev server in memory, quick as `countersign start` runs it. `settings`: its dynamic configuration, as "name=value". */
export async function startTemporal(...settings: readonly string[]): Promise<TestWorkflowEnvironment> {
  const path = await findTemporal(quiet);
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: [...QUICK_SETTINGS, ...settings].flatMap((setting) => ['--dynamic-config-value', setting]),
    },
  });
  await prepareNamespace(env.connection, env.namespace ?? 'default');
  return env;
}

export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = await findTestServer(quiet);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // It has no namespaces to prepare, only attributes: without them it silently starts no child that has any.
  const searchAttributes = Object.fromEntries(SEARCH_ATTRIBUTE_TYPES.map(([name, type]) => [name, indexedType(type)]));
  await env.connection.operatorService.addSearchAttributes({ namespace: env.namespace ?? 'default', searchAttributes });
  return env;
}
