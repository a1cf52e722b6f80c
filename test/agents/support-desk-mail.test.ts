import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { DidNotHappen } from 'countersign';
import { shop } from '../../agents/support-desk/shop.ts';
import { sendMail } from '../../agents/support-desk/tools/send-mail.ts';
import { aCall, aWorld, ADA, FINN, NOW_MS, sqlOver } from './support.ts';

const MAIL = {
  to: 'ada@example.com',
  subject: 'Größe der Schale',
  text: 'Hello Ada,\n\n.\nyour order is on its way.\n',
};

let db: PGlite;
before(async () => {
  db = await PGlite.create();
  await shop.prepare(sqlOver(db), NOW_MS);
});
after(() => db.close());

test('without SMTP a mail is one .eml file under its key, and a repeat writes nothing more', async () => {
  const world = aWorld(sqlOver(db));
  const sent = await sendMail.execute(aCall(MAIL), world.context('c/1:2:0'));
  assert.deepEqual(sent, { to: 'ada@example.com', by: 'outbox' });
  const first = readFileSync(`${world.outbox}/c%2F1%3A2%3A0.eml`, 'utf8');
  assert.match(first, /\r\nFrom: Support desk <support@shop\.example>\r\nTo: ada@example\.com\r\n/);
  assert.match(first, /\r\nMessage-ID: <[0-9a-f]{32}@shop\.example>\r\n/);
  assert.match(first, /\r\nSubject: =\?UTF-8\?Q\?Gr=C3=B6=C3=9Fe_der_Schale\?=\r\n/);
  assert.match(first, /\r\nDate: Sun, 15 Mar 2026 10:00:00 \+0000\r\n/);
  assert.match(first, /\r\n\r\nHello Ada,\r\n\r\n\.\r\nyour order is on its way\.\r\n$/);
  await sendMail.execute(aCall(MAIL), world.context('c/1:2:0', NOW_MS + 60_000));
  assert.deepEqual(readdirSync(world.outbox), ['c%2F1%3A2%3A0.eml']);
  assert.equal(readFileSync(`${world.outbox}/c%2F1%3A2%3A0.eml`, 'utf8'), first);
});

test('the outbox tells a mail that was written from one that was not', async () => {
  const world = aWorld(sqlOver(db));
  assert.deepEqual(await sendMail.reconcile?.(aCall(MAIL), world.context()), { kind: 'did_not_happen' });
  await sendMail.execute(aCall(MAIL), world.context());
  const happened = { kind: 'happened', result: { to: 'ada@example.com', by: 'outbox' } };
  assert.deepEqual(await sendMail.reconcile?.(aCall(MAIL), world.context()), happened);
});

test('a subject or recipient with a line break is no proposal, so no header can be smuggled in', () => {
  const refused = [
    { ...MAIL, subject: 'Hello\r\nBcc: eve@example.net' },
    { ...MAIL, subject: 'Hello\nBcc: eve@example.net' },
    { ...MAIL, subject: 'Hello\u2028Bcc: eve@example.net' },
    { ...MAIL, to: 'ada@example.com\r\nBcc: eve@example.net' },
    { ...MAIL, to: 'ada@example.com, eve@example.net' },
    { ...MAIL, to: 'Ada <ada@example.com>' },
    { ...MAIL, text: 'Hello\u0000' },
    { ...MAIL, text: 'x'.repeat(5_001) },
    { ...MAIL, bcc: 'eve@example.net' },
  ];
  for (const mail of refused) assert.equal(sendMail.input.safeParse(mail).success, false, JSON.stringify(mail));
  assert.equal(sendMail.input.safeParse(MAIL).success, true);
});

test('evidence of a mail is the address that the shop has on record', async () => {
  const { context } = aWorld(sqlOver(db));
  const known = await sendMail.inspect?.(aCall(MAIL), context());
  assert.deepEqual([known?.subject, known?.record], [ADA.id, { addressOnRecord: 'ada@example.com' }]);
  const unknown = await sendMail.inspect?.(aCall(MAIL, FINN), context());
  assert.deepEqual([unknown?.subject, unknown?.record], ['', {}]);
});

test('with SMTP configured a mail goes to the server, and an attempt without a receipt stays unknown', async () => {
  const { server, url, heard } = await anSmtpServer({ afterMail: '250 2.0.0 taken' });
  try {
    const world = aWorld(sqlOver(db));
    world.secrets.set('SMTP_URL', url).set('MAIL_FROM', 'desk@shop.example');
    assert.deepEqual(await sendMail.execute(aCall(MAIL), world.context()), { to: MAIL.to, by: 'smtp' });
    assert.match(heard(), /MAIL FROM:<desk@shop\.example>[^]*RCPT TO:<ada@example\.com>[^]*Hello Ada,\r\n\r\n\.\.\r\n/);
    assert.deepEqual(readdirSync(world.outbox), []);
    assert.deepEqual(await sendMail.reconcile?.(aCall(MAIL), world.context()), { kind: 'unknown' });
  } finally {
    server.close();
  }
});

test('a mail that the server refuses certainly did not happen', async () => {
  const { server, url } = await anSmtpServer({ afterMail: '554 5.7.1 not this one' });
  try {
    const world = aWorld(sqlOver(db));
    world.secrets.set('SMTP_URL', url).set('MAIL_FROM', 'desk@shop.example');
    await assert.rejects(sendMail.execute(aCall(MAIL), world.context()), DidNotHappen);
  } finally {
    server.close();
  }
});

test('a server that hangs up after it has the mail leaves the outcome open', async () => {
  const { server, url } = await anSmtpServer({ afterMail: '' });
  try {
    const world = aWorld(sqlOver(db));
    world.secrets.set('SMTP_URL', url).set('MAIL_FROM', 'desk@shop.example');
    await assert.rejects(sendMail.execute(aCall(MAIL), world.context()), (error) => !(error instanceof DidNotHappen));
  } finally {
    server.close();
  }
});

test('no server at all, or half a configuration, means that no mail went', async () => {
  const { server, url } = await anSmtpServer({ afterMail: '' });
  await new Promise((closed) => server.close(closed));
  const world = aWorld(sqlOver(db));
  world.secrets.set('SMTP_URL', url);
  await assert.rejects(sendMail.execute(aCall(MAIL), world.context()), /set SMTP_URL and MAIL_FROM/);
  world.secrets.set('MAIL_FROM', 'desk@shop.example');
  await assert.rejects(sendMail.execute(aCall(MAIL), world.context()), DidNotHappen);
});

/** A mail server of one session at a time. `afterMail` is its answer to the whole mail; '' hangs up instead. */
async function anSmtpServer({ afterMail }: { afterMail: string }) {
  let heard = '';
  const server: Server = createServer((socket: Socket) => {
    let inMail = false;
    let waiting = '';
    socket.on('error', () => socket.destroy());
    socket.write('220 test\r\n');
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      waiting += chunk.toString();
      while (waiting.includes('\r\n')) {
        const line = waiting.slice(0, waiting.indexOf('\r\n'));
        waiting = waiting.slice(line.length + 2);
        if (inMail && line !== '.') continue;
        if (inMail && afterMail === '') return socket.destroy();
        socket.write(`${inMail ? afterMail : replyTo(line)}\r\n`);
        inMail = line.toUpperCase() === 'DATA';
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server, url: `smtp://127.0.0.1:${port}`, heard: () => heard };
}

function replyTo(line: string): string {
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === 'DATA') return '354 go on';
  return verb === 'QUIT' ? '221 bye' : '250 ok';
}
