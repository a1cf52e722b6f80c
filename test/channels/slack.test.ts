import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebhookRefused } from '../../channels/definition.ts';
import { slack } from '../../channels/slack.ts';
import type { Card } from '../../domain/card.ts';
import { shownText } from '../../domain/display.ts';
import { slackSignature, slackWebhook } from '../support/webhooks.ts';
import { aCard, anAsk, HANDLE, shown } from './cards.ts';
import { channelContract } from './contract.ts';
import { NOW_MS } from './fixture.ts';
import {
  type Blocks,
  direct,
  envelope,
  mention,
  SECRET,
  seen,
  settings,
  sign,
  slackFixture,
  tsOf,
} from './slack-fixture.ts';

channelContract(slackFixture);

test('webhooks are signed here as Slack documents it', () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
    '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
  assert.equal(slackSignature(SECRET, '1531420618', body), signature);
});

test('Slack’s challenge is answered with its own words, and only when it is signed', async () => {
  const receiver = slack.receiver(settings);
  const body = JSON.stringify({ type: 'url_verification', token: 'x', challenge: '3eZbrw1aBm2rZgRNFdxV' });
  const heard = await receiver.receive({ ...sign(body), nowMs: NOW_MS });
  assert.deepEqual(heard, { kind: 'answer', text: '3eZbrw1aBm2rZgRNFdxV' });
  const forged = slackWebhook('f'.repeat(32), body, NOW_MS);
  await assert.rejects(receiver.receive({ ...forged, nowMs: NOW_MS }), WebhookRefused);
});

test('a webhook counts up to five minutes before and after it was signed', async () => {
  const receiver = slack.receiver(settings);
  for (const offMs of [-300_000, 300_000]) {
    const heard = await receiver.receive({
      ...slackWebhook(SECRET, slackFixture.message({}), NOW_MS + offMs),
      nowMs: NOW_MS,
    });
    assert.equal(heard.kind, 'message');
  }
});

test('a thread is a place of its own; a direct message is one, unless a thread is opened in it', async () => {
  const receiver = slack.receiver(settings);
  const placeOf = async (event: object) => {
    const heard = await receiver.receive({ ...sign(envelope(event)), nowMs: NOW_MS });
    return heard.kind === 'message' ? heard.address : heard;
  };
  assert.deepEqual(await placeOf(mention({ event: 3 })), { to: 'C0FINANCE', thread: tsOf(3) });
  assert.deepEqual(await placeOf({ ...mention({ event: 4 }), thread_ts: tsOf(3) }), {
    to: 'C0FINANCE',
    thread: tsOf(3),
  });
  assert.deepEqual(await placeOf(direct), { to: 'D024BE91L', thread: '' });
  assert.deepEqual(await placeOf({ ...direct, thread_ts: tsOf(7) }), { to: 'D024BE91L', thread: tsOf(7) });
});

const heardOf = (event: object, change: object = {}) =>
  slack.receiver(settings).receive({ ...sign(envelope(event, change)), nowMs: NOW_MS });

test('a mention in a direct message, should Slack send it, is said at the same place and once', async () => {
  const [said, mentioned] = await Promise.all([direct, { ...direct, type: 'app_mention' }].map((one) => heardOf(one)));
  assert.deepEqual(mentioned, said);
});

test('only our own mention at the beginning is left out', async () => {
  const words = async (text: string, change: object = {}) => {
    const heard = await heardOf({ ...mention({}), text }, change);
    return heard.kind === 'message' ? heard.text : heard.kind;
  };
  assert.equal(await words('<@U0BOT> ask <@U0G9QF9C6>'), 'ask @U0G9QF9C6');
  assert.equal(await words('<@U0G9QF9C6> ask <@U0BOT>'), '@U0G9QF9C6 ask @U0BOT');
  assert.equal(await words('<@U0BOT> hello', { authorizations: [] }), '@U0BOT hello');
});

test('words that come with a file, or to the whole channel, are heard; a file alone is answered', async () => {
  const files = [{ id: 'F0' }];
  for (const subtype of ['file_share', 'thread_broadcast', 'me_message'])
    assert.equal((await heardOf({ ...direct, subtype, files })).kind, 'message', subtype);
  assert.equal((await heardOf({ ...direct, subtype: 'file_share', files, text: '' })).kind, 'wordless');
  assert.equal((await heardOf({ ...mention({ text: '' }), subtype: 'file_share', files })).kind, 'wordless');
});

test('somebody of a workspace that shares the channel is named with that workspace', async () => {
  const heard = await slack
    .receiver(settings)
    .receive({ ...sign(envelope({ ...mention({}), team: 'T0GUEST' })), nowMs: NOW_MS });
  assert.equal('sender' in heard && heard.sender.id, 'T0GUEST/U024BE7LH');
});

test('Slack’s markup is heard as what the writer saw, and where a link leads', async () => {
  const said =
    'ask <@U0G9QF9C6|olga> in <#C0X|desk> about <https://a.example|the order> &amp; <https://b.example> 2*3*4 &lt;x&gt;';
  const heard = await slack
    .receiver(settings)
    .receive({ ...sign(slackFixture.message({ text: said })), nowMs: NOW_MS });
  const text = 'ask @olga in #desk about the order (https://a.example) & https://b.example 2*3*4 <x>';
  assert.equal(heard.kind === 'message' && heard.text, text);
});

test('a backtick and blanks at the ends are written out, so that no value leaves its code', () => {
  const value = shown('  `*x*` ');
  const card = aCard(anAsk({ fields: [{ name: 'a', value, from: null, isCritical: false }] }));
  const { own, code } = seen(slack.sender(settings).render({ kind: 'card', card }));
  assert.ok(code.includes('␣␣`*x*`␣') && !own.includes('*x*'), code);
  const rendered = [' \n x', '␣\n␣x', 'a`b', 'a<U+0060>b'].map((text) => {
    const field = { name: 'a', value: shownText(text, 100), from: null, isCritical: false };
    return slack.sender(settings).render({ kind: 'card', card: aCard(anAsk({ fields: [field] })) });
  });
  assert.equal(new Set(rendered).size, rendered.length, 'different texts never look the same');
});

test('a channel into which nobody has invited us is told apart from one that is gone', async (t) => {
  const { sender, failures, group } = await slackFixture.emulate(t);
  for (const error of ['not_in_channel', 'channel_not_found']) {
    failures.push({ status: 200, body: JSON.stringify({ ok: false, error }) });
    const posting = sender.post(sender.place(group), sender.render({ kind: 'text', text: 'x' }));
    await assert.rejects(posting, { name: 'ChannelFault', kind: 'not_let_in' });
  }
});

test('whose form comes too late is told to press the button again', async (t) => {
  const stage = await slackFixture.emulate(t);
  const note = { kind: 'reason', answer: 'deny', handle: HANDLE, about: 'refund' } as const;
  stage.failures.push({ status: 200, body: '{"ok":false,"error":"expired_trigger_id"}' });
  await stage.sender.tell(await stage.way(), note);
  assert.match(stage.told().at(-1) ?? '', /nothing was counted. Press the button again/);
  stage.failures.push({ status: 200, body: '{"ok":false,"error":"exchanged_trigger_id"}' });
  await assert.rejects(stage.sender.tell(await stage.way(), note), { kind: 'refused' });
});

test('approving is asked once more by Slack itself: what, how much, for whom; no other answer is', () => {
  const buttonsOf = (card: Card) => {
    const { blocks } = JSON.parse(slack.sender(settings).render({ kind: 'card', card })) as Blocks;
    return blocks.flatMap(({ elements = [] }) => elements);
  };
  const [approve, ...others] = buttonsOf(aCard());
  const { title, text, confirm, deny } = approve?.confirm ?? {};
  assert.deepEqual(
    [title?.text, text?.text, confirm?.text, deny?.text],
    [
      'refund order 1042 · 72.00 EUR',
      'For Dana Kim. Your approval counts at once, and what enough people have approved runs.',
      'Approve',
      'Go back',
    ],
  );
  assert.deepEqual(
    others.map((one) => one.confirm),
    [undefined, undefined],
  );
  // However long and odd the words: the amount is there, and Slack takes it.
  for (const letter of ['&', '<', 'ü', '𝕏']) {
    const long = shown(letter.repeat(160 / letter.length));
    const card = aCard(anAsk({ headline: [long, long, shown('1,000,000.00 EUR')] }));
    seen(slack.sender(settings).render({ kind: 'card', card }));
    assert.match(buttonsOf(card)[0]?.confirm?.title.text ?? '', /… · 1,000,000\.00 EUR$/);
  }
});

test('what Slack pushes is plain text, in which nothing of anybody is markup', async (t) => {
  const { sender, calls, group } = await slackFixture.emulate(t);
  const card = aCard(anAsk({ headline: [shown('*Approved* <!channel>'), shown('Dana'), shown('72.00 EUR')] }));
  await sender.post(sender.place(group), sender.render({ kind: 'card', card }));
  const { text = '', mrkdwn } = calls.findLast(({ method }) => method === 'chat.postMessage')?.params ?? {};
  assert.deepEqual([text.split('\n')[0], mrkdwn], ['*Approved* &lt;!channel&gt;', 'false']);
});
