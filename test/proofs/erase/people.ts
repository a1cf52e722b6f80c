// A person of the proof `erase`: what they say has one word in it that nobody else says, and all that can be seen of them
// over the API, as each reader may see it: themselves, people who decide, an operator, an auditor.
import { newApiKey } from '../../../api/keys.ts';
import { openStore } from '../../../store/store.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { createHttp, type Http, waitFor } from '../support.ts';
import { wordsFor } from '../rig/model.ts';
import type { Rig } from '../rig/rig.ts';

export interface Person {
  readonly id: string;
  /** In all that they say, and in why people decide on what they ask. */
  readonly word: string;
  readonly http: Http;
  /** One in which all has ended, and one in which people are still asked. */
  readonly done: string;
  readonly open: string;
}

// 60 s: a turn of two calls and its report take a second or two on a quiet machine.
const STEP_LIMIT_MS = 60_000;

export const createPerson = (http: Http, id: string, word: string): Person => {
  return { id, word, http, done: `${id}-done`, open: `${id}-open` };
};

const TALKS = ['conversations:write', 'conversations:read'] as const;
/** Whoever has a part in it, with what their keys are for. */
const SCOPES_OF = {
  gone: TALKS,
  stays: TALKS,
  finn: ['conversations:read', 'approvals:decide', 'operate'],
  audrey: ['ledger:read'],
  edith: ['erase'],
  ulla: ['histories:read'],
} as const;

/** Keys made in the store itself, as the command makes them, which takes seconds for each. */
export async function keysOf(rig: Rig): Promise<Readonly<Record<keyof typeof SCOPES_OF, Http>>> {
  const store = await openStore({ pool: { connectionString: rig.databaseUrl }, migrate: false, masterKey: MASTER_KEY });
  const clients: Record<string, Http> = {};
  try {
    for (const [name, scopes] of Object.entries(SCOPES_OF)) {
      const { id, text, hash } = newApiKey();
      const principal = { id: name, name, tenant: 'default' };
      await store.apiKeys.add({ id, hash, principal, scopes, nowMs: Date.now() });
      clients[name] = createHttp(rig.apiUrl, text);
    }
  } finally {
    await store.close();
  }
  return clients as Record<keyof typeof SCOPES_OF, Http>;
}

/** Two conversations: in one an approved payment and words, in the other a payment that waits. */
export async function talk(rig: Rig, person: Person): Promise<void> {
  const approver = createHttp(rig.apiUrl, rig.keys.approver);
  for (const id of [person.done, person.open]) {
    await said(person.http.post('/v1/conversations', { agent: 'prover', id }));
    await say(person, id, `My secret is ${person.word}. [${id}]`);
    await say(
      person,
      id,
      `About ${person.word}.\n${wordsFor(id, [
        ['note', 50],
        ['pay', 7_200],
      ])}`,
    );
  }
  const approvalId = await waitingIn(person, person.done);
  const url = `/v1/approvals/${approvalId}/decision`;
  await said(approver.post(url, { answer: 'approve', reason: `${person.word} may have it` }));
  await waitFor(`the end of what ${person.id} asked for`, STEP_LIMIT_MS, async () => {
    const { actions } = (await person.http.get(`/v1/conversations/${person.done}`)).body as Seen;
    return actions.length > 0 && actions.every(({ outcome }) => outcome !== null);
  });
  await waitingIn(person, person.open);
}

export async function say({ http }: Person, id: string, text: string): Promise<void> {
  await said(http.post(`/v1/conversations/${id}/messages?wait=reply`, { text }));
}

interface Seen {
  readonly waiting: readonly { readonly id: string }[];
  readonly actions: readonly { readonly id: string; readonly outcome: unknown }[];
}

const waitingIn = ({ http }: Person, id: string): Promise<string> =>
  waitFor(`an approval in ${id}`, STEP_LIMIT_MS, async () => {
    const { waiting } = (await http.get(`/v1/conversations/${id}`)).body as Seen;
    return waiting[0]?.id;
  });

async function said(answer: ReturnType<Http['post']>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
}

/** Every read of the API about these conversations, by everybody who may: the path, with what was answered. */
export async function readAll(rig: Rig, { http, done, open }: Person, readers: readonly Http[]) {
  const actions = [0, 1].flatMap((index) => [done, open].map((id) => `${id}:2:${index}`));
  const paths = [
    ...[done, open].flatMap((id) => [`/v1/conversations/${id}`, `/v1/conversations/${id}/messages/unknown`]),
    ...actions.flatMap((id) => [`/v1/actions/${id}`, `/v1/actions/${id}/why`]),
    ...['open', 'approved', 'cancelled'].map((end) => `/v1/approvals?end=${end}&limit=100`),
    ...[done, open].map((id) => `/v1/approvals/${id}:2:1.0.0`),
    ...['/v1/conversations', '/v1/conversations?of=staff', '/v1/budgets', '/v1/switches', '/v1/doctor', '/metrics'],
    ...[
      '/v1/report?owner=olga',
      '/v1/approvals/burden',
      '/v1/ledger/rulings?limit=100',
      '/v1/ledger/entries?limit=500',
    ],
  ];
  const answers: { readonly path: string; readonly status: number; readonly text: string }[] = [];
  for (const reader of [http, ...readers]) {
    for (const path of paths) {
      const { status, body } = await reader.get(path);
      answers.push({ path, status, text: typeof body === 'string' ? body : JSON.stringify(body) });
    }
  }
  return answers;
}
