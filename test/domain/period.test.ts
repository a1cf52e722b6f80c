import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { isTimeZone, periodAt, WITHIN } from '../../domain/period.ts';
import { createRandom } from '../proofs/support.ts';

const HOUR_MS = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString().replace(':00.000Z', 'Z');

// Instant, period, zone → its name, its first instant, and the hours that it has.
const TABLE = [
  ['2026-03-29T10:00Z', 'day', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', 23],
  ['2026-03-28T22:59Z', 'day', 'Europe/Berlin', '2026-03-28', '2026-03-27T23:00Z', 24],
  ['2026-03-28T23:00Z', 'day', 'Europe/Berlin', '2026-03-29', '2026-03-28T23:00Z', 23],
  ['2026-10-25T00:30Z', 'day', 'Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', 25],
  ['2026-10-25T01:30Z', 'day', 'Europe/Berlin', '2026-10-25', '2026-10-24T22:00Z', 25],
  ['2026-03-29T10:00Z', 'week', 'Europe/Berlin', '2026-W13', '2026-03-22T23:00Z', 167],
  ['2026-10-25T10:00Z', 'week', 'Europe/Berlin', '2026-W43', '2026-10-18T22:00Z', 169],
  ['2026-03-31T21:59Z', 'month', 'Europe/Berlin', '2026-03', '2026-02-28T23:00Z', 743],
  ['2026-03-31T22:00Z', 'month', 'Europe/Berlin', '2026-04', '2026-03-31T22:00Z', 720],
  ['2024-02-29T12:00Z', 'month', 'UTC', '2024-02', '2024-02-01T00:00Z', 696],
  // Weeks are of the year in which their Thursday lies.
  ['2026-01-01T00:00Z', 'week', 'UTC', '2026-W01', '2025-12-29T00:00Z', 168],
  ['2027-01-03T23:59Z', 'week', 'UTC', '2026-W53', '2026-12-28T00:00Z', 168],
  ['2027-01-04T00:00Z', 'week', 'UTC', '2027-W01', '2027-01-04T00:00Z', 168],
  // Zones of half and quarter hours, and one whose summer time is half an hour.
  ['2026-06-30T18:14Z', 'month', 'Asia/Kathmandu', '2026-06', '2026-05-31T18:15Z', 720],
  ['2026-06-30T18:15Z', 'month', 'Asia/Kathmandu', '2026-07', '2026-06-30T18:15Z', 744],
  ['2026-04-04T20:00Z', 'day', 'Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00Z', 24.5],
  // Clocks that were put on at midnight: the day began at one.
  ['2018-11-04T12:00Z', 'day', 'America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00Z', 23],
  // Samoa left a day out, and went from the 29th to the 31st.
  ['2011-12-30T09:59Z', 'day', 'Pacific/Apia', '2011-12-29', '2011-12-29T10:00Z', 24],
  ['2011-12-30T10:00Z', 'day', 'Pacific/Apia', '2011-12-31', '2011-12-30T10:00Z', 24],
  ['2011-12-31T12:00Z', 'month', 'Pacific/Apia', '2012-01', '2011-12-31T10:00Z', 744],
  ['2011-12-15T12:00Z', 'month', 'Pacific/Apia', '2011-12', '2011-12-01T10:00Z', 720],
] as const;

for (const [at, within, timeZone, name, from, hours] of TABLE) {
  test(`${at} is in the ${within} ${name} in ${timeZone}, which has ${hours} hours`, () => {
    const { fromMs, toMs, ...rest } = periodAt(Date.parse(at), within, timeZone);
    deepEqual({ ...rest, from: iso(fromMs), hours: (toMs - fromMs) / HOUR_MS }, { name, from, hours });
  });
}

const ZONES = [
  ...['UTC', 'Europe/Berlin', 'Europe/Lisbon', 'America/New_York', 'America/Sao_Paulo', 'America/St_Johns'],
  ...[
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Pacific/Kiritimati',
    'Africa/Casablanca',
    'Asia/Tehran',
  ],
  ...['America/Havana', 'Asia/Gaza', 'Antarctica/Troll', 'Pacific/Kwajalein'],
];

test('each instant is in one period, and each period begins where the one before it ends', () => {
  const random = createRandom(13);
  for (let nth = 0; nth < 500; nth++) {
    const timeZone = random.pick(ZONES);
    const within = random.pick(WITHIN);
    const atMs = random.between(Date.UTC(1970, 1, 1), Date.UTC(2040, 0, 1));
    const period = periodAt(atMs, within, timeZone);
    const said = `${iso(atMs)} ${within} ${timeZone}`;
    ok(period.fromMs <= atMs && atMs < period.toMs, said);
    const after = periodAt(period.toMs, within, timeZone);
    const before = periodAt(period.fromMs - 1, within, timeZone);
    equal(after.fromMs, period.toMs, said);
    equal(before.toMs, period.fromMs, said);
    ok(before.name < period.name && period.name < after.name, said);
    deepEqual(
      [periodAt(period.fromMs, within, timeZone), periodAt(period.toMs - 1, within, timeZone)],
      [period, period],
    );
  }
});

test('a period begins when the calendar of the zone says so', () => {
  const random = createRandom(17);
  for (let nth = 0; nth < 300; nth++) {
    const timeZone = random.pick(ZONES);
    const { fromMs } = periodAt(random.between(Date.UTC(1975, 0, 1), Date.UTC(2040, 0, 1)), 'month', timeZone);
    const dayIn = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    equal(dayIn.format(fromMs).slice(8), '01', `${iso(fromMs)} ${timeZone}`);
    ok(dayIn.format(fromMs - 1) < dayIn.format(fromMs), `${iso(fromMs)} ${timeZone}`);
  }
});

test('a month is all of its days, and a week seven of them', () => {
  for (const timeZone of ZONES) {
    for (const within of ['week', 'month'] as const) {
      const whole = periodAt(Date.UTC(2026, 9, 20), within, timeZone);
      let atMs = whole.fromMs;
      while (atMs < whole.toMs) atMs = periodAt(atMs, 'day', timeZone).toMs;
      equal(atMs, whole.toMs, `${within} ${timeZone}`);
    }
  }
});

test('a time zone is named as IANA names it', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) ok(isTimeZone(name), name);
  for (const name of ['', 'Europe/Berln', '+02:00', '-0500', 'CEST ', 'local']) equal(isTimeZone(name), false, name);
  throws(() => periodAt(0, 'day', 'Europe/Berln'));
});
