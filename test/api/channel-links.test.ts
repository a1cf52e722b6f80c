// The button that shows everything: a link for one person, which nobody else can read on its way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLinks, linkingTo } from '../../api/links.ts';
import { openedNote } from '../../workers/open-notes.ts';
import { createOpen, generateSealingKey } from '../../trust/sealing.ts';
import { button, clicked, listening, openLink, sealing } from './support/listening.ts';
import { NOW_MS } from './support/served.ts';

test('everything is to be seen by a link for the one who clicked, if there is such a page', async (t) => {
  const links = sealing(async ({ id }, { id: person }) => `https://desk.example/v/${person}/${id}`);
  const { send, ask, heard } = await listening(t, links);
  const approval = await ask();
  await send(clicked('approver', button('view', approval)));
  assert.match(heard().join(), new RegExp(`https://desk.example/v/approver/${approval.id}$`));
  await send(clicked('operator', button('view', approval)));
  assert.doesNotMatch(heard().join(), /desk\.example\/v\/operator/, 'whoever may not see it gets no link');
  const without = await listening(t);
  const other = await without.ask();
  await without.send(clicked('approver', button('view', other)));
  assert.deepEqual(without.heard(), [`All of it is in the API, under /v1/approvals/${other.id}`]);
});

test('the link opens the page of that approval for that person, and no other', async (t) => {
  const made: ReturnType<typeof linkingTo>[] = [];
  const links = sealing(async (approval, person) => (await made[0]?.(approval, person)) ?? '');
  const served = await listening(t, links);
  made.push(linkingTo(served.server.url, createLinks({ signer: served.signer, nowMs: () => NOW_MS })));
  const [one, other] = [await served.ask(), await served.ask()];
  await served.send(clicked('approver', button('view', one)));
  const url = /http\S+$/.exec(served.heard().join())?.[0] ?? '';
  assert.equal((await fetch(url)).status, 200);
  assert.notEqual((await fetch(url.replace(one.id, other.id))).status, 200);
});

test('whoever reads the store cannot open the link, and whoever writes there cannot have it told to another', async (t) => {
  const { send, ask, store } = await listening(
    t,
    sealing(async () => 'https://desk.example/approvals/a?link=e.y.J'),
  );
  await send(clicked('approver', button('view', await ask())));
  const [told] = store.told;
  assert.ok(told?.note.kind === 'text' && told.note.link !== undefined);
  const kept = JSON.stringify(told);
  for (const form of [kept, Buffer.from(told.note.link.sealed, 'base64url').toString('latin1')])
    assert.doesNotMatch(form, /desk\.example|link=/);
  const text = (note: ReturnType<typeof openedNote>) => (note.kind === 'text' ? (note.link?.url ?? note.text) : '');
  assert.match(text(openedNote(told, openLink)), /link=e\.y\.J$/);
  const toOthers = [
    { ...told, way: { ...told.way, user: 'U0MALLORY' } },
    { ...told, channel: 'telegram' },
  ];
  const refused = [
    ...toOthers.map((one) => openedNote(one, openLink)),
    openedNote(told),
    openedNote(told, createOpen(generateSealingKey())),
  ];
  for (const note of refused) assert.match(text(note), /^The link cannot be opened here/);
});
