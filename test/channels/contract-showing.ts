// The contract of what people see.
import assert from 'node:assert/strict';
import { FLAG_WORDS, type Flag } from '../../domain/display.ts';
import { cutText } from '../../domain/text.ts';
import type { Card } from '../../domain/card.ts';
import { aCard, anAsk, HANDLE, payloadOf, settled, shown } from './cards.ts';
import type { ChannelFixture } from './fixture.ts';

type Rules = Readonly<Record<string, () => void>>;

// What somebody would write who wants a card to say, ring or lead somewhere else.
const SPOOFS = [
  '<!channel> <!here> @channel @everyone',
  '<@U024BE7LH> @finn',
  '<https://evil.example|the invoice> [the invoice](https://evil.example)',
  'https://evil.example/a?b=1&c=2 evil.example tg://user?id=1',
  '*Approved* _by_ ~Finn~ **x** __y__ ||z||',
  '</code><b>Approved</b><a href="https://evil.example">x</a>',
  '&lt;b&gt; &amp;amp; &#60;',
  'approved by Finn Berger\nApproved\nDenied by Dana',
  ':white_check_mark: /approve #paid $AAPL',
  '`x` ```y``` > z',
  'оплата.рф пример.испытание',
];

export function showingRules(fixture: ChannelFixture): Rules {
  const first = { ...firstRules(fixture), ...buttonRules(fixture), ...endRules(fixture) };
  return { ...first, ...batchRules(fixture), ...wordRules(fixture) };
}

function looking({ definition, settings, seen }: ChannelFixture) {
  const sender = definition.sender(settings);
  return { sender, look: (card: Card) => seen(sender.render({ kind: 'card', card })) };
}

function buttonRules(fixture: ChannelFixture): Rules {
  const { sender, look } = looking(fixture);
  const labels = (card: Card) => look(card).buttons.map(({ label }) => label);

  return {
    'an open ask has its own buttons, with an opaque handle and the answer in them': () => {
      const other = 'z'.repeat(22);
      const asks = [anAsk(), anAsk({ handle: other, approvalId: 'c-1:1:1.1.0' })].slice(
        0,
        sender.limits.asksPerMessage,
      );
      const { buttons } = look(aCard(...asks));
      const payloads = asks.flatMap(({ handle }) =>
        (['approve', 'deny', 'view'] as const).map((answer) => payloadOf(answer, { handle })),
      );
      assert.deepEqual(
        buttons.map(({ payload }) => payload),
        payloads,
      );
      for (const payload of payloads) assert.ok(Buffer.byteLength(payload) <= 64, payload);
    },
    'a question has the buttons of its answers': () => {
      const { buttons } = look(aCard(anAsk({ answers: ['happened', 'did_not_happen'] })));
      const answers = buttons.map(({ payload }) => payload.split('.')[0]);
      assert.deepEqual(answers, ['happened', 'did_not_happen', 'view']);
    },
    'what is not shown whole can be denied and looked at, and not approved': () => {
      assert.deepEqual(labels(aCard(anAsk({ isWhole: false, hiddenFields: 41 }))), ['Deny', 'See everything']);
      assert.match(look(aCard(anAsk({ isWhole: false, hiddenFields: 41 }))).own, /41 more that are not shown here/);
    },
    'what would not fit is not cut to look whole: it cannot be approved there': () => {
      for (const length of [3_000, 50_000]) {
        const long = { name: 'text', value: shown('&'.repeat(length)), from: null, isCritical: false };
        const card = aCard(anAsk({ fields: Array.from({ length: 3 }, () => long) }));
        assert.deepEqual(labels(card), ['Deny', 'See everything'], `${length}`);
        assert.match(look(card).own, /Not all of it can be shown here/);
      }
      const longest = anAsk({
        headline: [shown('&'.repeat(9_000)), shown('x'), shown('y')],
        reason: shown('r'.repeat(9_000)),
      });
      assert.deepEqual(labels(aCard(longest)), ['Deny', 'See everything']);
    },
    'whatever stands on a card, it can be shown: at least what is asked, to be denied': () => {
      for (const letter of ['`', '&', '"', 'ü', '𝕏']) {
        const line = shown(letter.repeat(160));
        const text = shown(letter.repeat(500));
        const person = { person: line, answer: 'approve' as const, reason: text, atMs: 1_800_000_000_000 };
        const odd = {
          ...({ headline: [line, line, line] } as const),
          ...{ requester: line, rule: line, reason: text, group: line.text },
          ...{ decided: Array.from({ length: 6 }, () => person), outcome: text },
        };
        const all = { length: sender.limits.asksPerMessage };
        const open = aCard(...Array.from(all, () => anAsk({ ...odd, outcome: null })));
        assert.match(labels(open).join(), /Deny/, letter);
        assert.match(look(aCard(...Array.from(all, () => settled(odd)))).own, /Denied/, letter);
      }
    },
  };
}

function firstRules(fixture: ChannelFixture): Rules {
  const { sender, look } = looking(fixture);
  const three = ['refund order 1042', 'for Dana Kim', '72.00 EUR'];
  return {
    'the first three lines, also those that are pushed, say what, for whom and how much; nothing stands above them':
      () => {
        const also = [shown('look up order 1042')];
        for (const ask of [anAsk(), anAsk({ isWhole: false, hiddenFields: 41 }), settled()]) {
          const { lines, pushed } = look({ ...aCard(ask), alsoRuns: also });
          assert.deepEqual(lines.slice(0, 3), three);
          assert.deepEqual(pushed.split('\n').slice(0, 3), three);
          assert.equal(lines.findIndex((line) => line.includes('runs with it: ')) > 3, true, 'it stands below');
        }
      },
    'of a batch each asking action has them, with its number': () => {
      const many = sender.limits.asksPerMessage;
      const asks = Array.from({ length: many }, (_, at) =>
        anAsk({ headline: [shown(`refund ${at}`), shown(`Dana ${at}`), shown(`${at}.00 EUR`)] }),
      );
      const { lines, pushed } = look({ ...aCard(...asks), alsoRuns: [shown('look up order 1042')] });
      for (const at of asks.keys()) {
        const expected = [`${at + 1} of ${many}: refund ${at}`, `for Dana ${at}`, `${at}.00 EUR`];
        for (const all of [lines, pushed.split('\n')]) {
          const from = all.indexOf(expected[0] ?? '');
          assert.deepEqual(all.slice(from, from + 3), expected);
        }
      }
      assert.equal(lines[0], `1 of ${many}: refund 0`);
    },
    'a question says in its first line that it asks what has happened': () => {
      const { lines, pushed } = look(aCard(anAsk({ isQuestion: true, answers: ['happened', 'did_not_happen'] })));
      for (const first of [lines[0], pushed.split('\n')[0]]) assert.equal(first, 'did it happen? refund order 1042');
    },
    'who asks whom, and that it was escalated, stands below the three lines': () => {
      const title =
        'Escalated from finance to leads: finance had not decided by 2027-01-15 08:00 UTC. desk asks for leave';
      const { lines, own, pushed } = look(aCard(anAsk({ title })));
      assert.deepEqual([lines[3], pushed.split('\n')[3], own.includes(title)], [title, title, true]);
    },
  };
}

function endRules(fixture: ChannelFixture): Rules {
  const { look } = looking(fixture);
  return {
    'a settled ask shows its decisions and its outcome, and has no button': () => {
      const { own, code, buttons } = look(aCard(settled()));
      assert.deepEqual(buttons, []);
      assert.match(own, /Denied[^]*deny by/);
      assert.match(code, /Finn Berger[^]*not in March[^]*nothing ran/);
      const ended = 'Void: it was approved, and then the record changed. A new card asks';
      const voided = look(aCard(settled({ end: 'approved', ended, changed: shown('state <!here>'), outcome: null })));
      assert.match(voided.own, /Void: it was approved, and then the record changed\. A new card asks[^]*changed: /);
      assert.match(voided.code, /state <!here>/);
      assert.deepEqual([voided.live, voided.buttons], [[], []]);
      const long = settled({ outcome: shown('x'.repeat(20_000)) });
      assert.match(look(aCard(long)).own, /Denied/);
    },
  };
}

function batchRules(fixture: ChannelFixture): Rules {
  const { sender, look } = looking(fixture);
  return {
    'the actions of one batch are one card, each with a decision of its own that says which it is about': () => {
      const many = sender.limits.asksPerMessage;
      assert.ok(many >= 3, 'a model seldom asks for more at once');
      const asks = Array.from({ length: many }, (_, at) =>
        anAsk({ handle: `${at}`.repeat(22), headline: [shown(`refund ${at}`), shown('Dana'), shown('72.00 EUR')] }),
      );
      const { own, code, buttons } = look(aCard(...asks.slice(0, -1), { ...asks.at(-1)!, ...settled() }));
      for (const at of asks.keys()) assert.ok(own.includes(`${at + 1} of ${many}`), own);
      for (const at of asks.slice(0, -1).keys()) assert.ok(code.includes(`refund ${at}`), code);
      const each = (at: number) =>
        [
          ['Approve', 'approve'],
          ['Deny', 'deny'],
          ['See everything', 'view'],
        ].map(([label = '', answer = '']) => ({
          label: `${at + 1}: ${label}`,
          payload: payloadOf(answer as 'approve', asks[at]),
        }));
      assert.deepEqual(
        buttons,
        asks.slice(0, -1).flatMap((_, at) => each(at)),
        'what has ended has none',
      );
      const alone = look(aCard(anAsk()));
      assert.doesNotMatch(alone.own, /1 of 1/);
      assert.equal(alone.buttons[0]?.label, 'Approve');
    },
  };
}

const ALL_FLAGS = Object.keys(FLAG_WORDS) as Flag[];

function wordRules(fixture: ChannelFixture): Rules {
  const { sender, look } = looking(fixture);
  const { seen } = fixture;
  const labels = (card: Card) => look(card).buttons.map(({ label }) => label);
  return {
    'text from outside is shown letter by letter, and rings and leads nowhere': () => {
      for (const spoof of SPOOFS) {
        const value = {
          name: spoof.slice(0, 40).replaceAll('\n', ' '),
          value: shown(spoof),
          from: shown(spoof),
          isCritical: false,
        };
        const person = {
          person: shown(spoof),
          answer: 'approve' as const,
          reason: shown(spoof),
          atMs: 1_800_000_000_000,
        };
        const saidSince = [{ text: shown(spoof), atMs: 1_800_000_000_000 }];
        const whole = { fields: [value], requester: shown(spoof), reason: shown(spoof), decided: [person], saidSince };
        const ask = anAsk(whole);
        for (const card of [aCard(ask), aCard(settled({ outcome: shown(spoof), decided: [person] }))]) {
          const { own, code, live } = look({ ...card, alsoRuns: [shown(spoof)] });
          assert.ok(code.includes(spoof), `${spoof}\n${code}`);
          assert.deepEqual(live, [], spoof);
          for (const word of spoof.split(/\s+/).filter((part) => /[@<*#/$:]|evil/.test(part)))
            assert.ok(!own.includes(word), `"${word}" looks like ours: ${own}`);
        }
      }
    },
    'what the requester has said since somebody asked back stands there, as text from outside': () => {
      const { own, code } = look(aCard(anAsk({ saidSince: [{ text: shown('for Dana'), atMs: 1_800_000_000_000 }] })));
      assert.match(own, /has said since, at/);
      assert.match(code, /for Dana/);
    },
    'what was found odd in a text is said beside it, in words that need no code point': () => {
      const odd = { text: 'раураl', flags: ['mixed_script', 'look_alike'] } as const;
      const card = aCard(anAsk({ fields: [{ name: 'to', value: odd, from: null, isCritical: true }] }));
      const words =
        /careful: letters of different alphabets in one word, and letters that look like others; each is written/;
      assert.match(look(card).own, words);
    },
    'where there is little room, it is still said that something was found': () => {
      const odd = { text: 'x'.repeat(160), flags: ALL_FLAGS };
      const line = [odd, odd, odd] as const;
      const all = { length: sender.limits.asksPerMessage };
      const value = shown('&'.repeat(9_000));
      const fields = [{ name: 'a', value, from: null, isCritical: false }];
      const card = aCard(...Array.from(all, () => anAsk({ headline: line, reason: odd, requester: odd, fields })));
      assert.match(look(card).own, /\(careful\)/);
      assert.match(labels(card).join(), /Deny/);
    },
    'the words of a reply ring and lead nowhere either, and none of them is markup': () => {
      for (const spoof of SPOOFS) {
        const { own, code, live, formatted } = seen(sender.render({ kind: 'text', text: spoof }));
        assert.deepEqual([live, formatted], [[], []], spoof);
        for (const word of spoof.split(/\s+/)) assert.ok(`${own} ${code}`.includes(word), `${word} in ${own} ${code}`);
      }
      const longest = cutText('&<> wörd\n'.repeat(2_000), sender.limits.textChars);
      assert.ok(sender.render({ kind: 'text', text: longest }).length > longest.length);
    },
    'the same card is the same message, letter by letter': () => {
      const evidence = { asOfMs: 1_800_000_000_000, ageMs: 99_000, version: 'v7', fields: [], hiddenFields: 0 };
      const [first, later] = [aCard(), aCard(anAsk({ evidence }))].map((card) => sender.render({ kind: 'card', card }));
      assert.equal(first, later);
      assert.ok(!String(first).includes(`${HANDLE}${HANDLE}`));
    },
  };
}
