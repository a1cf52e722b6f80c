// Everything that the API shows, asked by each kind of user: every GET of its own description, with every id there is.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Rig } from '../rig/rig.ts';
import type { Place } from './places.ts';

export interface User {
  readonly name: string;
  /** What it sends as `authorization`; undefined: nothing. */
  readonly authorization: string | undefined;
}

export interface Ids {
  readonly conversations: readonly string[];
  readonly actions: readonly string[];
  readonly approvals: readonly string[];
}

export interface Heard {
  readonly places: readonly Place[];
  /** What is described, and was answered with 200 to nobody. */
  readonly hidden: readonly string[];
}

const Described = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

// 800 ms: a stream first sends all that has happened.
const STREAM_MS = 800;
/** What some must be asked, to show all. */
const QUERIES: Readonly<Record<string, string>> = {
  '/v1/approvals': '?end=all&limit=100',
  '/v1/ledger/entries': '?limit=500',
  '/v1/report': '?owner=olga',
};
/** With an id that is not known from here. */
const NOT_KNOWN = ['/v1/conversations/{id}/messages/{messageId}'];
const TOO_MANY = 429;
const AT_ONCE = 12;

/** Ask for all of it. A head that cannot be known from here (an id of a message) is left as it is described. */
export async function askForAll(rig: Rig, users: readonly User[], ids: Ids): Promise<Heard> {
  const { paths } = Described.parse(await (await fetch(`${rig.apiUrl}/openapi.json`)).json());
  const described = Object.entries(paths).flatMap(([path, methods]) => ('get' in methods ? [path] : []));
  const wanted = described.flatMap((path) =>
    idsFor(path, ids).map((id) => ({ path, url: path.replace('{id}', encodeURIComponent(id)) })),
  );
  const left = users.flatMap((user) => wanted.map((one) => ({ ...one, user })));
  const places: Place[] = [];
  const shown = new Set<string>();
  const work = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { path, url, user } = one;
      const { status, text } = await look(rig, url, user);
      places.push([`GET ${url} as ${user.name}`, text]);
      if (status === 200) shown.add(path);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { places, hidden: described.filter((path) => !shown.has(path) && !NOT_KNOWN.includes(path)) };
}

function idsFor(path: string, { conversations, actions, approvals }: Ids): readonly string[] {
  if (!path.includes('{id}')) return [''];
  if (path.includes('/approvals/')) return approvals;
  return path.includes('/actions/') ? actions : conversations;
}

async function look({ apiUrl }: Rig, url: string, { authorization }: User) {
  for (;;) {
    const limit = new AbortController();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`${apiUrl}${url}${QUERIES[url] ?? ''}`, { headers, signal: limit.signal });
    const isStream = (response.headers.get('content-type') ?? '').includes('event-stream');
    let text = [...response.headers].map((one) => one.join(': ')).join('\n');
    const timer = isStream ? setTimeout(() => limit.abort(), STREAM_MS) : undefined;
    try {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    } catch (error) {
      if (!limit.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (response.status !== TOO_MANY) return { status: response.status, text };
    await sleep(1_000);
  }
}
