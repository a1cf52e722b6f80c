import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApplicationFailure,
  Client,
  Connection,
  NamespaceNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { createGateway, updateIdOfDecision, updateIdOfMessage } from '../../api/gateway.ts';
import { faultOf, GatewayError, wasCut } from '../../api/gateway-error.ts';
import { problemOf } from '../../api/problem.ts';
import { FAILURES } from '../../domain/failure.ts';

const updateFailed = (type: string) =>
  new WorkflowUpdateFailedError('failed', ApplicationFailure.create({ type, message: 'a reason' }));
const grpc = (code: number) =>
  new ServiceError('failed', {
    cause: Object.assign(new Error('grpc'), { code, details: 'details', metadata: { get: () => [] } }),
  });

test('each refusal of a Workflow comes to its own status', () => {
  const statuses = {
    ConversationStopped: 409,
    ConversationClosed: 410,
    InboxFull: 429,
    MessageRejected: 400,
    CommandRefused: 403,
    DecisionRefused: 403,
  };
  for (const type of Object.keys(FAILURES)) {
    const fault = faultOf(updateFailed(type));
    assert.ok(fault);
    assert.deepEqual(fault, { kind: 'refused', type, reason: 'a reason' });
    const { status, message } = problemOf(new GatewayError(fault, undefined));
    assert.equal(status, statuses[type as keyof typeof statuses] ?? 500);
    assert.match(message, /\.$/);
  }
});

test('no answer in time, or no Temporal, is an outage; a call that can never work is a bug of ours', () => {
  for (const error of [
    new WorkflowUpdateRPCTimeoutOrCancelledError('deadline'),
    updateFailed('UnprocessedUpdate'),
    new NamespaceNotFoundError('other'),
    new ServiceError('connection lost', { cause: new Error('socket') }),
    ...[1, 2, 4, 8, 13, 14].map(grpc),
  ]) {
    assert.deepEqual(faultOf(error), { kind: 'unavailable' });
  }
  assert.equal(faultOf(grpc(3)), undefined);
  assert.equal(faultOf(new TypeError('ours')), undefined);
  assert.equal(faultOf(updateFailed('SomethingElse')), undefined);
});

test('a Workflow that is not there, has ended, or was cut off while it answered has ended for the caller', () => {
  assert.deepEqual(faultOf(new WorkflowNotFoundError('gone', 'id', undefined)), { kind: 'ended' });
  assert.deepEqual(faultOf(new WorkflowExecutionAlreadyStartedError('closed', 'id', 'type')), { kind: 'ended' });
  assert.deepEqual(faultOf(updateFailed('AcceptedUpdateCompletedWorkflow')), { kind: 'ended' });
  assert.equal(wasCut(updateFailed('AcceptedUpdateCompletedWorkflow')), true);
  assert.equal(wasCut(updateFailed('ConversationClosed')), false);
});

const START = { conversationId: 'c1', agent: 'a', tenant: 'default', owner: 'o', principalId: 'p' };
const MESSAGE = { id: 'm1', text: 'hello', principalId: 'p', signed: '' };
const DECISION = { approvalId: 'c1:1:0.0.0', decisionId: 'finn/d', answer: 'approve' } as const;

test('an Update that Continue-As-New cut off is sent again under the same id, a bounded number of times', async () => {
  const sent: (string | undefined)[] = [];
  const answers = [updateFailed('AcceptedUpdateCompletedWorkflow'), { messageId: 'm1' }];
  const gateway = createGateway(
    clientOf(async (_name, { updateId }) => {
      sent.push(updateId);
      const answer = answers.shift() ?? updateFailed('AcceptedUpdateCompletedWorkflow');
      if (answer instanceof Error) throw answer;
      return answer;
    }),
  );
  assert.deepEqual(await gateway.submit(START, MESSAGE, 'f00d'), { messageId: 'm1' });
  assert.equal(sent.length, 2);
  assert.equal(sent[0], sent[1]);
  await assert.rejects(gateway.submit(START, MESSAGE, 'f00d'), (error: GatewayError) => error.fault.kind === 'ended');
  assert.equal(sent.length, 5);
});

test('an Update id names all in which two Updates may differ: Temporal never looks at the arguments of a repeated one', () => {
  const marked = (mark: string) => updateIdOfMessage(MESSAGE, mark);
  assert.equal(marked('f00d'), marked('f00d'));
  assert.notEqual(marked('f00d'), marked('feed'));
  const others = [{ approvalId: 'c1:1:0.1.0' }, { decisionId: 'finn/e' }, { answer: 'deny' }] as const;
  const ids = [DECISION, ...others.map((other) => ({ ...DECISION, ...other }))].map(updateIdOfDecision);
  assert.equal(new Set(ids).size, 4);
});

test('an Update that no worker took notice of is sent again under the same id, as long as the call may last', async () => {
  const sent: (string | undefined)[] = [];
  let missed = 3;
  const gateway = createGateway(
    clientOf(async (_name, { updateId }) => {
      sent.push(updateId);
      if (missed-- > 0) throw updateFailed('UnprocessedUpdate');
      return { messageId: 'm1' };
    }),
  );
  assert.deepEqual(await gateway.submit(START, MESSAGE, 'f00d'), { messageId: 'm1' });
  assert.deepEqual([sent.length, new Set(sent).size], [4, 1]);
});

test('an Update that no worker takes notice of in time is an outage, and a halt gets in by its Signal', async () => {
  const client = clientOf(async () => {
    throw updateFailed('UnprocessedUpdate');
  });
  const signals: unknown[] = [];
  client.workflow.getHandle = (() => ({ signal: async (name: string) => void signals.push(name) })) as never;
  const gateway = createGateway(client, { updateMs: 150, haltMs: 150, queryMs: 150 });
  const isOutage = (error: GatewayError) => error.fault.kind === 'unavailable';
  await assert.rejects(gateway.submit(START, MESSAGE, 'f00d'), isOutage);
  assert.equal(await gateway.halt(START, 'stop'), undefined);
  assert.equal(signals.length, 1);
  await gateway.drain();
});

test('each Update starts its Workflow if need be, leaves a running one alone, and revives no ended one', async () => {
  const operations = new Set<unknown>();
  const gateway = createGateway(
    clientOf(async (_name, { startWorkflowOperation }) => {
      operations.add(startWorkflowOperation);
      const { options } = startWorkflowOperation;
      assert.equal(options.workflowId, 'conversation/c1');
      assert.deepEqual(
        [options.workflowIdConflictPolicy, options.workflowIdReusePolicy],
        ['USE_EXISTING', 'REJECT_DUPLICATE'],
      );
      return {};
    }),
  );
  await gateway.submit(START, MESSAGE, 'f00d');
  await gateway.submit(START, MESSAGE, 'f00d');
  assert.equal(operations.size, 2);
});

test('a batch is told to cancel by Signal; one whose Workflow is gone is no failure', async () => {
  const client = clientOf(async () => undefined);
  const told: string[] = [];
  client.workflow.getHandle = ((workflowId: string) => ({
    signal: async (name: string) => {
      if (workflowId.endsWith(':9')) throw new WorkflowNotFoundError('gone', workflowId, undefined);
      told.push(`${name} ${workflowId}`);
    },
  })) as never;
  const gateway = createGateway(client);
  assert.deepEqual([await gateway.cancel('c1:1:0'), await gateway.cancel('c1:1:9')], [true, false]);
  assert.deepEqual(told, ['cancel action/c1:1:0']);
});

test('a decision is delivered by Signal before anybody waits for its receipt: what the server forgets of an Update is counted', async () => {
  const client = clientOf(async () => undefined);
  const done: string[] = [];
  client.workflow.getHandle = ((workflowId: string) => ({
    signal: async (name: string, signed: string) => void done.push(`${name} ${signed} ${workflowId}`),
    async executeUpdate(name: string, { args }: { args: string[] }) {
      done.push(`${name} ${args.join()} ${workflowId}`);
      throw new WorkflowUpdateRPCTimeoutOrCancelledError('aborted');
    },
  })) as never;
  const gateway = createGateway(client);
  await assert.rejects(gateway.decide(DECISION, 'signed'), (error: GatewayError) => error.fault.kind === 'unavailable');
  assert.deepEqual(
    done.map((one) => one.split(' ').slice(0, 2)),
    [
      ['approvalDecision', 'signed'],
      ['decideApproval', 'signed'],
    ],
  );
});

test('with no Temporal at all every call ends within its deadline, as an outage', async (t) => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  t.after(() => connection.close());
  const gateway = createGateway(new Client({ connection }), { updateMs: 150, haltMs: 150, queryMs: 150 });
  const isOutage = (error: GatewayError) => error.fault.kind === 'unavailable';
  await assert.rejects(gateway.submit(START, MESSAGE, 'f00d'), isOutage);
  await assert.rejects(gateway.start(START), isOutage);
  await assert.rejects(gateway.halt(START, 'stop'), isOutage);
  await assert.rejects(gateway.decide(DECISION, ''), isOutage);
  await assert.rejects(gateway.cancel('c1:1:0'), isOutage);
  await assert.rejects(gateway.counts(), isOutage);
  assert.equal(await gateway.view('c1'), undefined);
  assert.match((await gateway.missing()).join(), /^Temporal does not answer/);
  await gateway.drain();
});

test('a run of maintenance that takes long goes on where Temporal and a worker are there; else it is an outage', async () => {
  const outcomes: unknown[] = [];
  for (const seconds of [Math.floor(Date.now() / 1000), 0, undefined]) {
    const client = clientOf(async () => undefined);
    const result = async () => Promise.reject(grpc(4));
    client.workflow.start = (async () => ({ result })) as never;
    const describeTaskQueue = async () => {
      if (seconds === undefined) throw grpc(14);
      return { pollers: [{ lastAccessTime: { seconds } }] };
    };
    Object.defineProperty(client, 'workflowService', { value: { describeTaskQueue } });
    const gateway = createGateway(client, { updateMs: 150, haltMs: 150, queryMs: 150 });
    outcomes.push(await gateway.maintain('').catch((error: GatewayError) => error.fault.kind));
    await gateway.drain();
  }
  assert.deepEqual(outcomes, [undefined, 'unavailable', 'unavailable']);
});

interface UpdateOptions {
  readonly updateId?: string;
  readonly startWorkflowOperation: { readonly options: Readonly<Record<string, unknown>> };
}

/** A client whose Updates are answered by the test. */
function clientOf(answer: (name: string, options: UpdateOptions) => Promise<unknown>): Client {
  const client = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) });
  client.workflow.executeUpdateWithStart = answer as never;
  return client;
}
