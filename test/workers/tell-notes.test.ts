import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { ChannelFault } from '../../channels/definition.ts';
import type { DueNote, Notes } from '../../domain/delivery.ts';
import { tellDue, tellNotes } from '../../workers/tell-notes.ts';
import { createPigeon } from '../support/pigeon.ts';

const aNote = (change: Partial<DueNote> = {}): DueNote => ({
  id: 'n1',
  channel: 'pigeon',
  way: { user: 'FINN' },
  note: { kind: 'text', text: 'counted' },
  madeMs: 1_000,
  tries: 1,
  ...change,
});

/** Notes that are due, and what was said of them afterwards. */
function notesOf(due: DueNote[]): Notes & { readonly said: string[] } {
  const said: string[] = [];
  return {
    said,
    add: async () => undefined,
    take: async (channel) => {
      const at = due.findIndex((one) => one.channel === channel);
      return at < 0 ? undefined : due.splice(at, 1)[0];
    },
    later: async (id, dueMs) => void said.push(`${id} later ${dueMs}`),
    over: async (id) => void said.push(`${id} over`),
    ...{ expire: async () => undefined, forget: async () => undefined },
  };
}

const log = pino({ level: 'silent' });

test('a note is told to its person alone, and is over', async () => {
  const [pigeon, notes] = [createPigeon(), notesOf([aNote(), aNote({ id: 'n2' })])];
  assert.equal(await tellDue({ store: { notes }, senders: [pigeon], nowMs: () => 2_000, log }), 2);
  assert.deepEqual(
    [pigeon.told, notes.said],
    [
      ['FINN: counted', 'FINN: counted'],
      ['n1 over', 'n2 over'],
    ],
  );
});

test('a note that answers a click tells the actor once which message was clicked', async () => {
  const clicked = { ref: { to: 'C1', id: 'm7' }, approvalId: 'c:1:0.0.0' };
  const note = { kind: 'text', text: 'counted', clicked } as const;
  const [pigeon, notes] = [createPigeon(), notesOf([aNote({ note }), aNote({ note, tries: 2 }), aNote()])];
  const found: unknown[] = [];
  const showFound = async (...what: unknown[]) => void found.push(what);
  assert.equal(await tellDue({ store: { notes }, senders: [pigeon], nowMs: () => 2_000, showFound, log }), 3);
  assert.deepEqual(found, [['pigeon', clicked]]);
});

test('what passes is tried again when the platform says; what does not is dropped', async () => {
  const pigeon = createPigeon();
  const told = async (note: DueNote, fault?: ChannelFault) => {
    const notes = notesOf([note]);
    pigeon.faults.clear();
    if (fault !== undefined) pigeon.faults.set('FINN', fault);
    await tellDue({ store: { notes }, senders: [pigeon], nowMs: () => 2_000, log });
    return notes.said.join();
  };
  assert.equal(await told(aNote(), new ChannelFault('rate_limited', 'slow down', 9_000)), 'n1 later 11000');
  assert.equal(await told(aNote(), new ChannelFault('unavailable', 'down')), 'n1 later 5000');
  assert.equal(await told(aNote(), new ChannelFault('refused', 'the form’s time is over')), 'n1 over');
  assert.equal(await told(aNote({ tries: 6 })), 'n1 over');
  assert.equal(await told(aNote({ madeMs: -600_000 })), 'n1 over');
  assert.deepEqual(pigeon.told, []);
});

test('a channel that hangs keeps no note of another from being told, nor the next ones of its own', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const [well, hanging] = [createPigeon(), { ...createPigeon(), name: 'hanging' }];
  const asked: unknown[] = [];
  const tell = (_way: unknown, note: unknown): Promise<never> => {
    asked.push(note);
    return new Promise(() => undefined);
  };
  const notes = notesOf([...[1, 2, 3].map((at) => aNote({ id: `h${at}`, channel: 'hanging' })), aNote({ id: 'n1' })]);
  const stop = tellNotes({ store: { notes }, senders: [{ ...hanging, tell }, well], nowMs: () => 2_000, log });
  t.after(stop);
  for (let look = 0; look < 3; look++) {
    t.mock.timers.tick(400);
    await new Promise((done) => setImmediate(done));
  }
  assert.deepEqual([well.told, asked.length, notes.said], [['FINN: counted'], 3, ['n1 over']]);
});

test('a note is held for as long as its telling lives, and no longer: what a killed process had begun is soon told', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const held: number[] = [];
  const notes = { ...notesOf([]), take: async (_: string, nowMs: number, holdMs: number) => hold(nowMs + holdMs) };
  const due = [aNote()];
  const hold = (untilMs: number) => {
    const one = due.pop();
    if (one !== undefined) held.push(untilMs);
    return one;
  };
  let answer = () => undefined as void;
  const tell = (): Promise<void> => new Promise((done) => (answer = done));
  const telling = tellDue({ store: { notes }, senders: [{ ...createPigeon(), tell }], nowMs: () => 2_000, log });
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(held, [5_000]);
  t.mock.timers.tick(2_000);
  assert.deepEqual(notes.said, ['n1 later 5000', 'n1 later 5000']);
  answer();
  await telling;
  t.mock.timers.tick(5_000);
  assert.deepEqual(notes.said.slice(2), ['n1 over']);
});
