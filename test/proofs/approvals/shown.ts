// Whether a card, as the platform was told to show it, says exactly what the digest covers: every value under its name, to
// the letter, and no more. What is written out, such as <U+202E>, is read back. Knows the format, and none of our code.
import { createHash } from 'node:crypto';
import { waitFor } from '../support.ts';
import { handleIn, type Platform, type Shown } from './cards.ts';
import { type Asked, cardOf, type Stage } from './stage.ts';

export const PLATFORMS: readonly Platform[] = ['slack', 'telegram'];

/** What no surface may be sent as it is: it turns text around, hides in it, or moves on the page. */
const RAW =
  /\p{Bidi_Control}|[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\ufff9-\uffff\u{e0000}-\u{e0fff}]|[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** Both cards, if they show it whole; a card that does not must offer no yes. */
export async function showsExactly(stage: Stage, asked: Asked): Promise<readonly string[]> {
  const all = await Promise.all(PLATFORMS.map(async (channel) => ofCard(await cardOf(stage, asked, channel), asked)));
  return [...all.flat(), ...ofDigest(await proposalOf(stage, asked), asked)];
}

function ofCard(card: Shown, { args, approval }: Asked): readonly string[] {
  const own = card.asks.find(({ code }) => code.includes(String(args['to']).slice(0, 20)));
  const where = `the card of ${approval.id} on ${card.channel}`;
  const raw = RAW.exec(`${card.own}\n${card.code}`.replaceAll('\n', ' '));
  const dangers = raw === null ? [] : [`${where} was sent U+${raw[0].codePointAt(0)?.toString(16)} as it is`];
  if (own === undefined) return [...dangers, `${where} has no buttons of its own`];
  if (handleIn(own, 'approve') === undefined) return dangers;
  const read = readBack(own.code);
  const missing = leavesOf(args).filter(([path, texts]) => !texts.some((text) => read.includes(`${path}\n${text}`)));
  return [
    ...dangers,
    ...missing.map(([path, texts]) => `${where} can be approved and does not say ${path} = ${texts[0]}`),
  ];
}

/** As a person reads it who knows what <U+202E> stands for. */
const readBack = (code: string): string =>
  code
    .replace(/<U\+([0-9A-F]{4,6})>/g, (_all, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll('␣', ' ');

/** Every value by its path; a text may stand in quotes. */
function leavesOf(value: unknown, path = ''): readonly (readonly [path: string, texts: readonly string[]])[] {
  const under = (name: string) => (path === '' ? name : `${path}.${name}`);
  if (typeof value === 'string') return [[path, [value, `"${value}"`]]];
  if (typeof value !== 'object' || value === null) return [[path, [JSON.stringify(value)]]];
  const isPlain = (name: string) => /^(?!\d+$)[^."\s]+$/.test(name);
  const members = Array.isArray(value)
    ? value.map((member: unknown, at) => [`${at}`, member] as const)
    : Object.entries(value).map(([name, member]) => [isPlain(name) ? name : JSON.stringify(name), member] as const);
  if (members.length === 0) return [[path, [JSON.stringify(value)]]];
  return members.flatMap(([name, member]) => leavesOf(member, under(name)));
}

interface Proposed {
  readonly toolVersion: string;
  readonly salt: string;
  readonly principal: { readonly id: string; readonly tenant: string };
}

/** As the ledger has it; its salt lies beside it. */
async function proposalOf(stage: Stage, { approval }: Asked): Promise<Proposed> {
  return waitFor(`the proposal of ${approval.actionId}`, 10_000, async () => {
    const rows = await stage.query<{ proposal: Omit<Proposed, 'salt'>; salt: string }>(
      `select entry::json->'fact'->'proposal' as proposal, body::json->>'proposal.salt' as salt
       from countersign.ledger join countersign.ledger_seals using (seq) where subject = $1 and kind = 'proposed'`,
      [approval.actionId],
    );
    return rows[0] && { ...rows[0].proposal, salt: rows[0].salt };
  });
}

/** The digest, made anew from what it is documented to cover. */
function ofDigest({ toolVersion, salt, principal }: Proposed, { approval }: Asked): readonly string[] {
  const { actionId, tool, args, digest } = approval;
  const covered = ['countersign/action/1', actionId, tool, toolVersion, args, principal.id, principal.tenant, salt];
  const made = createHash('sha256').update(JSON.stringify(covered)).digest('hex');
  return made === digest ? [] : [`the digest of ${approval.id} does not cover what it shows`];
}

/** Both cards of two approvals: where their arguments differ, so must what people read. */
export async function differ(stage: Stage, one: Asked, other: Asked): Promise<readonly string[]> {
  const codes = (asked: Asked) => Promise.all(PLATFORMS.map(async (at) => (await cardOf(stage, asked, at)).asks));
  const read = (asked: Asked, asks: Shown['asks']) =>
    (asks.find(({ code }) => code.includes(String(asked.args['to'])))?.code ?? '')
      .replaceAll(String(asked.args['to']), '')
      .replace(/\d+ cents|^\d+$/gm, '');
  const [first, second] = [await codes(one), await codes(other)];
  const same = first.filter((asks, at) => read(one, asks) === read(other, second[at] ?? []));
  return same.map(() => `${one.approval.args} and ${other.approval.args} look the same on a card`);
}
