// Ids of procedures and their steps, beside those of the actions that a model wants.
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  actionsOf,
  anewId,
  approvalId,
  conversationOfAction,
  conversationOfWorkflow,
  isActionOf,
  isAnewOf,
  isProcedureId,
  isStepName,
  parseApprovalId,
  parseStepId,
  procedureId,
  questionId,
  standsIn,
  stepId,
  waitingWorkflowId,
} from '../../domain/ids.ts';

const START = 'c-1:12:3';
const STEP = stepId(START, 'pay-back');

test('a step is an action of its conversation and turn, and no other text that looks like one is', () => {
  for (const id of [START, STEP, `${START}~1`, `${STEP}~1`, stepId(`${START}~2`, 'pay'), stepId(START, 'a')]) {
    equal(isActionOf(id, 'c-1', 12), true, id);
    equal(conversationOfAction(id), 'c-1', id);
    equal(isActionOf(id, 'c-1', 1), false, id);
    equal(isActionOf(id, 'c-2', 12), false, id);
  }
  const long = 'a'.repeat(33);
  const bad = [
    '',
    '/',
    '/A',
    '/a_b',
    '/a.b',
    '/1',
    '/a/b',
    '/a ',
    `/${long}`,
    '/-a',
    '/a~',
    '/a~123',
    '/a\n',
    '/../x',
    '.procedure',
  ];
  for (const ending of bad.slice(1)) {
    equal(isActionOf(`${START}${ending}`, 'c-1', 12), false, ending);
    equal(conversationOfAction(`${START}${ending}`), undefined, ending);
  }
  deepEqual(['pay', 'pay-back', 'a1'].map(isStepName), [true, true, true]);
  deepEqual(['', 'Pay', 'pay_back', '1', '-a', 'a/b', 'a.b', 'a~1', long].map(isStepName), Array(9).fill(false));
});

test('the id of a step tells its start and its name, also where it was proposed anew', () => {
  deepEqual(parseStepId(STEP), { start: START, step: 'pay-back' });
  deepEqual(parseStepId(stepId(`${START}~1`, 'pay')), { start: `${START}~1`, step: 'pay' });
  deepEqual(parseStepId(`${STEP}~2`), { start: START, step: 'pay-back' });
  for (const other of [START, `${START}~1`, `${STEP}/x`, 'nothing', '']) equal(parseStepId(other), undefined, other);
});

test('what is proposed anew keeps its name and counts on, whichever part was counted before', () => {
  deepEqual([START, `${START}~1`, STEP, `${STEP}~9`].map(anewId), [
    `${START}~1`,
    `${START}~2`,
    `${STEP}~1`,
    `${STEP}~10`,
  ]);
  equal(anewId(stepId(`${START}~1`, 'pay')), `${START}~1/pay~1`);
  equal(isAnewOf(STEP, `${STEP}~1`), true);
  equal(isAnewOf(stepId(START, 'pay'), stepId(`${START}~1`, 'pay')), false);
  equal(isAnewOf(START, STEP), false);
});

test('an approval of a step names its batch', () => {
  for (const batchId of [STEP, questionId(STEP), stepId(`${START}~1`, 'pay')]) {
    deepEqual(parseApprovalId(approvalId(batchId, 0, 4)), { batchId, index: 0, round: 4 });
  }
  for (const bad of [`${START}/A.0.0`, `${START}/a/b.0.0`, `${START}/.0.0`]) equal(parseApprovalId(bad), undefined);
});

test('each of them has its Workflow, which tells its conversation', () => {
  equal(waitingWorkflowId(procedureId(START)), `procedure/${START}`);
  equal(waitingWorkflowId(STEP), `action/${STEP}`);
  equal(waitingWorkflowId(questionId(STEP)), `question/${STEP}`);
  deepEqual([procedureId(START), START, STEP, questionId(START)].map(isProcedureId), [true, false, false, false]);
  for (const id of [procedureId(START), STEP, questionId(STEP)])
    equal(conversationOfWorkflow(waitingWorkflowId(id)), 'c-1');
  equal(conversationOfWorkflow(`procedure/${START}/x y`), undefined);
});

test('a procedure holds its start and its steps, a batch neither those nor the other way round', () => {
  const procedure = procedureId(START);
  deepEqual(
    [START, STEP, `${STEP}~1`, 'c-1:12:4', 'c-1:12:30', `${START}~1`].map((id) => standsIn(procedure, id)),
    [true, true, true, false, false, false],
  );
  deepEqual(
    [STEP, `${STEP}~1`, stepId(START, 'other'), START].map((id) => standsIn(STEP, id)),
    [true, true, false, false],
  );
  deepEqual(
    [START, `${START}~1`, 'c-1:12:4', STEP].map((id) => standsIn(START, id)),
    [true, true, true, false],
  );
  deepEqual(actionsOf(STEP), [STEP]);
});
