// What the proof `wire` relies on in its proxy, and no run shows by itself.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { follow, isWholeRequest } from '../proofs/rig/requests.ts';
import { serve } from '../proofs/rig/serve.ts';
import { createWire, type Fault, FAULTS } from '../proofs/rig/wire.ts';
import { createRandom, waitFor } from '../proofs/support.ts';
import { CASES, LINKS, rounds, sample } from '../proofs/wire/plan.ts';

const LIMIT_MS = 10_000;

/** A far end behind the wire, and what it saw; `ask` resolves to what the client was answered. */
async function aLink(t: TestContext) {
  const seen: string[] = [];
  const far = await serve(({ path }) => {
    seen.push(path);
    return { status: 200, body: { path, long: 'x'.repeat(1_000) } };
  });
  const wire = createWire({ delay: 20, 'long delay': 50 });
  t.after(async () => {
    await wire.stop();
    await far.stop();
  });
  const address = await wire.through('client>far', 'http1', new URL(far.url).host);
  const ask = (path: string): Promise<string> =>
    fetch(`http://${address}${path}`, { method: 'POST', body: '{}' }).then(
      async (response) => ((await response.json().catch(() => ({ path: 'half' }))) as { path: string }).path,
      () => 'cut',
    );
  return { wire, seen, ask };
}

/** What the far end saw, and what the client was answered, for each fault. */
const TABLE: Readonly<Record<Fault, { readonly seen: readonly string[]; readonly told: RegExp }>> = {
  'cut before': { seen: ['/1'], told: /^cut$/ },
  'cut after': { seen: ['/1', '/2'], told: /^cut$/ },
  'half answer': { seen: ['/1', '/2'], told: /^(half|cut)$/ },
  'half close': { seen: ['/1', '/2'], told: /^(cut|\/2)$/ },
  delay: { seen: ['/1', '/2'], told: /^\/2$/ },
  'long delay': { seen: ['/1', '/2'], told: /^\/2$/ },
  duplicate: { seen: ['/1', '/2', '/2'], told: /^\/2$/ },
};

for (const fault of FAULTS) {
  test(`a fault strikes once, at its request, and is known once it is over: ${fault}`, async (t) => {
    const { wire, seen, ask } = await aLink(t);
    wire.arm({ link: 'client>far', fault, at: 2 });
    assert.equal(await ask('/1'), '/1');
    assert.equal(await wire.struck(), undefined);
    assert.match(await ask('/2'), TABLE[fault].told);
    const struck = await waitFor('the fault to be over', LIMIT_MS, () => wire.struck());
    assert.deepEqual([struck.fault, struck.at, struck.carried.back > 0], [fault, 2, true]);
    assert.deepEqual(seen, TABLE[fault].seen);
    assert.equal(await ask('/3'), '/3');
    assert.equal(wire.counts().get('client>far'), 3);
  });
}

test('a request over HTTP/2 is complete with its last frame, however its bytes are cut up', () => {
  const frame = (type: number, flags: number, stream: number, payload: string) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, Buffer.from(payload)]);
  };
  const settings = frame(4, 0, 0, '');
  const sent = Buffer.concat([Buffer.alloc(24), settings, frame(1, 4, 5, 'headers'), frame(0, 1, 5, 'a body')]);
  const follower = follow('http2');
  const asked = [...sent].flatMap((_, at) => follower.asked(sent.subarray(at, at + 1)));
  assert.deepEqual(asked, [5]);
  assert.deepEqual(follower.answered(Buffer.concat([settings, frame(0, 0, 3, 'of another')])), []);
  assert.deepEqual(follower.answered(frame(1, 4, 5, 'headers')), [5]);
});

test('over a link that takes turns a request begins where the client speaks after the far end', () => {
  const follower = follow('postgres');
  const bytes = Buffer.from('x');
  assert.deepEqual([follower.asked(bytes), follower.asked(bytes)], [[1], []]);
  assert.deepEqual([follower.answered(bytes), follower.answered(bytes)], [[1], []]);
  assert.deepEqual(follower.asked(bytes), [2]);
});

test('only a whole request is sent twice', () => {
  const whole = 'POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody';
  assert.equal(isWholeRequest(Buffer.from(whole)), true);
  assert.equal(isWholeRequest(Buffer.from(whole.slice(0, -1))), false);
  assert.equal(isWholeRequest(Buffer.from('GET / HTTP/1.1\r\n\r\n')), true);
});

test('each round tries every fault on every link; a sample has each link, and each fault first', () => {
  assert.equal(CASES.length, LINKS.length * (FAULTS.length - 1) + 3);
  assert.equal(new Set(rounds(1, createRandom(1)).map(({ link, fault }) => `${link} ${fault}`)).size, CASES.length);
  for (let seed = 0; seed < 20; seed++) {
    const chosen = sample(createRandom(seed));
    assert.deepEqual(chosen.map(({ link }) => link).toSorted(), [...LINKS].toSorted());
    assert.deepEqual(new Set(chosen.slice(0, FAULTS.length).map(({ fault }) => fault)), new Set(FAULTS));
  }
});
