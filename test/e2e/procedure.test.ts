// The support desk's refund as a procedure, over HTTP, from its start to the mail; with everything killed while it waits.
import { equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, createStack, type Stack } from '../support/stack.ts';
import { eventually } from '../support/system.ts';

let stack: Stack;

before(async () => {
  stack = await createStack();
  await stack.start();
});
after(async () => {
  await stack?.stop();
  await stack?.remove();
});

const CONVERSATION = 'e2e-return';
const say = (text: string): Promise<Answer> =>
  stack.request('customer-ada', 'POST', `/v1/conversations/${CONVERSATION}/messages?wait=reply`, { text });
const replyOf = ({ body }: Answer): string => String((body['reply'] as { text?: string } | undefined)?.text);

/** The open approval of a step, by its id, which has the step in it. */
const asked = (step: string) =>
  eventually(async () => {
    const { body } = await stack.request('finn', 'GET', '/v1/approvals');
    return (body['rows'] as { id: string }[]).find(({ id }) => id === `${CONVERSATION}:1:0/${step}.0.0`)?.id;
  }, `the step ${step} being asked about`);

async function approve(id: string): Promise<void> {
  const path = encodeURIComponent(id);
  const page = await stack.request('finn', 'GET', `/approvals/${path}`);
  match(String(page.body['text']), /a step of the procedure<\/dt><dd dir="auto">refund_order/);
  equal((await stack.request('finn', 'POST', `/v1/approvals/${path}/decision`, { answer: 'approve' })).status, 200);
}

test('an order is refunded the whole way: people approve two steps, everything is killed between, each happens once', async () => {
  const opened = await stack.request('customer-ada', 'POST', '/v1/conversations', {
    agent: 'support-desk',
    id: CONVERSATION,
  });
  equal(opened.status, 201);
  match(replyOf(await say('return order 1042')), /Started, and not done yet\./);
  const pay = await asked('pay');
  match(replyOf(await say('read ticket 77')), /is closed/);

  await stack.kill();
  await stack.start();

  await approve(pay);
  await approve(await asked('mail'));
  const report = async () => {
    const { body } = await stack.request('customer-ada', 'GET', `/v1/conversations/${CONVERSATION}`);
    return (body['items'] as { text: string }[]).find(({ text }) => /procedure has ended:\n.*: succeeded/.test(text));
  };
  match(
    (await eventually(report, 'the outcome in the conversation')).text,
    /"refunded":"72\.00 EUR","closedTickets":\["77"\]/,
  );
  match(replyOf(await say('where is order 1042')), /Refunded: 72\.00 EUR/);
  const why = await stack.request('finn', 'GET', `/v1/actions/${encodeURIComponent(`${CONVERSATION}:1:0/pay`)}/why`);
  match(JSON.stringify(why.body), /the code of refund_order, started as e2e-return:1:0, proposed: refund order 1042/);
});
