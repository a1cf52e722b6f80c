import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telegram } from '../../channels/telegram.ts';
import { aCard, anAsk, payloadOf, shown } from './cards.ts';
import { channelContract } from './contract.ts';
import { NOW_MS } from './fixture.ts';
import {
  BOT,
  click,
  emulate,
  entity,
  GROUP,
  message,
  people,
  reason,
  seen,
  settings,
  sign,
  telegramFixture,
  update,
} from './telegram-fixture.ts';

channelContract(telegramFixture);

const hear = (body: string) => telegram.receiver(settings).receive({ ...sign(body), nowMs: NOW_MS });

test('in a group the bot is spoken to by its name, by a command to it, or by a reply to it', async () => {
  const inGroup = (text: string, change: object) =>
    hear(update({}, { message: message({ text }, { chat: GROUP, ...change }) }));
  const heard = [
    await inGroup('@Countersign_Bot where is 1042?', entity('mention', 16)),
    await inGroup('/ask@countersign_bot where is 1042?', entity('bot_command', 20)),
    await inGroup('where is 1042?', { reply_to_message: { from: BOT, text: 'Hello.' } }),
  ];
  assert.deepEqual(
    heard.map((one) => (one.kind === 'message' ? one.text : one)),
    ['where is 1042?', '/ask where is 1042?', 'where is 1042?'],
  );
  const stranger = { from: { ...BOT, username: 'other_bot' }, text: 'Hello.' };
  assert.equal((await inGroup('where is 1042?', { reply_to_message: stranger })).kind, 'ignored');
});

test('words that come with a file are heard; a file alone is answered', async () => {
  const file = { text: undefined, photo: [{ file_id: 'x' }] };
  const sent = (change: object) => hear(update({}, { message: message({}, { ...file, ...change }) }));
  const heard = await sent({ caption: 'the invoice of 1042' });
  assert.equal(heard.kind === 'message' && heard.text, 'the invoice of 1042');
  assert.equal((await sent({})).kind, 'wordless');
  const inGroup = { chat: GROUP, caption: '@countersign_bot the invoice' };
  assert.equal((await sent({ ...inGroup, caption_entities: entity('mention', 16).entities })).kind, 'message');
  for (const change of [{ chat: GROUP }, inGroup]) assert.equal((await sent(change)).kind, 'ignored');
});

test('a topic of a group is a place of its own', async () => {
  const place = async (change: object) => {
    const heard = await hear(
      update(
        {},
        { message: message({ text: '@countersign_bot x' }, { chat: GROUP, ...entity('mention', 16), ...change }) },
      ),
    );
    return heard.kind === 'message' ? heard.address : heard;
  };
  assert.deepEqual(await place({}), { to: '-1001234567890', thread: '' });
  assert.deepEqual(await place({ message_thread_id: 5, is_topic_message: true }), {
    to: '-1001234567890',
    thread: '5',
  });
  // Outside of topics Telegram numbers chains of replies so, too.
  assert.deepEqual(await place({ message_thread_id: 5 }), { to: '-1001234567890', thread: '' });
});

test('a reason counts only from the one who was asked, and only for what was asked', async () => {
  const clicked = await hear(click({ payload: payloadOf('deny'), from: people[0] }));
  const way = clicked.kind === 'click' ? clicked.way : {};
  const payload = payloadOf('deny');
  const kinds = await Promise.all(
    [
      { payload, way, from: people[0] },
      { payload, way, from: people[1] },
      { payload: payloadOf('approve'), way, from: people[0] },
      { payload: `deny.${'x'.repeat(33)}`, way, from: people[0] },
      { payload, way: { ...way, mark: 'm'.repeat(22) }, from: people[0] },
    ].map(async (said) => (await hear(reason({ ...said, text: 'no' }))).kind),
  );
  assert.deepEqual(kinds, ['reason', 'ignored', 'ignored', 'ignored', 'ignored']);
});

test('a card that stands as it should already is no error', async (t) => {
  const { sender, failures } = await emulate(t);
  const description = 'Bad Request: message is not modified: specified new message content is the same';
  failures.push({ status: 400, body: JSON.stringify({ ok: false, error_code: 400, description }) });
  await sender.edit({ to: '4711', id: '1' }, sender.render({ kind: 'text', text: 'x' }));
});

test('what has more pieces than Telegram formats is shown short, and cannot be approved there', () => {
  const fields = Array.from({ length: 25 }, (_, at) => ({
    ...{ name: `f${at}`, value: shown(`*Approved* t.me/${at}`), from: null, isCritical: false },
  }));
  const evidence = { asOfMs: 1_800_000_000_000, ageMs: 5, version: 'v7', fields, hiddenFields: 0 };
  const { own, live, buttons } = seen(
    telegram.sender(settings).render({ kind: 'card', card: aCard(anAsk({ fields, evidence })) }),
  );
  assert.match(own, /Not all of it can be shown here/);
  assert.deepEqual([live, buttons.map(({ label }) => label)], [[], ['Deny', 'See everything']]);
});

test('of a text with more live words than Telegram formats none is live', () => {
  const text = Array.from({ length: 300 }, (_, at) => `see t.me/${at}`).join(' ');
  const { code, live } = seen(telegram.sender(settings).render({ kind: 'text', text }));
  assert.deepEqual([live, code], [[], text]);
});

test('a click is answered where it was made; what is too long for that comes in the chat with the bot', async (t) => {
  const { sender, calls, way } = await emulate(t);
  await sender.tell(await way(), { kind: 'text', text: 'counted' });
  await sender.tell(await way(), { kind: 'text', text: 'x'.repeat(201) });
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['answerCallbackQuery', 'sendMessage', 'answerCallbackQuery'],
  );
});

test('a click that is too old to be answered is answered with a message', async (t) => {
  const { sender, calls, failures, way } = await emulate(t);
  const sent = { status: 200, body: '{"ok":true,"result":{"message_id":1,"chat":{"id":4711}}}' };
  const link = { kind: 'text', text: 'all of it', link: LINK } as const;
  const deny = {
    kind: 'reason',
    answer: 'deny',
    handle: payloadOf('deny').split('.')[1] ?? '',
    about: 'refund',
  } as const;
  for (const [note, answers] of [
    [{ kind: 'text', text: 'counted' }, [tooOld]],
    [link, [sent, tooOld]],
    [deny, [tooOld]],
  ] as const) {
    const before = calls.length;
    failures.push(...answers);
    await sender.tell(await way(), note);
    const called = calls.slice(before).map(({ method }) => method);
    assert.deepEqual(called.toSorted(), ['answerCallbackQuery', 'sendMessage']);
  }
});

const neverWrote = {
  status: 403,
  body: JSON.stringify({
    ...{ ok: false, error_code: 403 },
    description: "Forbidden: bot can't initiate conversation with a user",
  }),
};
const tooOld = {
  status: 400,
  body: JSON.stringify({ ok: false, error_code: 400, description: 'Bad Request: query is too old' }),
};
const LINK = { url: 'https://desk.example/approvals/1?link=secret', label: 'See everything' };

test('to whom the bot may not write is told so where they clicked, and their link stands nowhere', async (t) => {
  const { sender, calls, failures, way } = await emulate(t);
  const inGroup = { ...(await way()), chat: '-1001234567890', topic: '5' };
  const note = { kind: 'text', text: 'all of it', link: LINK } as const;
  failures.push(neverWrote);
  await sender.tell(inGroup, note);
  const [tried, answered] = calls.slice(-2);
  assert.deepEqual([tried?.method, tried?.params['chat_id']], ['sendMessage', '4711']);
  assert.deepEqual([answered?.method, answered?.params['show_alert']], ['answerCallbackQuery', 'true']);
  assert.match(answered?.params['text'] ?? '', /^Telegram lets me write to you alone only once you have written to me/);
  assert.ok(!JSON.stringify(answered).includes('secret'));
  // Too late for an answer to the click: in the group, at its topic, by name.
  failures.push(neverWrote, tooOld);
  await sender.tell(inGroup, note);
  const { method, params } = calls.at(-1) ?? {};
  assert.deepEqual([method, params?.['chat_id'], params?.['message_thread_id']], ['sendMessage', inGroup.chat, '5']);
  assert.match(params?.['text'] ?? '', /^<a href="tg:\/\/user\?id=4711">To you<\/a>: Telegram lets me/);
  assert.ok(!JSON.stringify(params).includes('secret'));
});

test('who has blocked the bot is told nothing more, and that is said', async (t) => {
  const { sender, calls, failures, way } = await emulate(t);
  failures.push(neverWrote);
  const telling = sender.tell(await way(), { kind: 'text', text: 'all of it', link: LINK });
  await assert.rejects(telling, { name: 'ChannelFault', kind: 'refused' });
  assert.deepEqual(
    calls.map(({ method }) => method),
    ['sendMessage'],
  );
});
