// The pages as a browser sees them: what it sends of itself, what it finds in the HTML, and how it follows a link.
import assert from 'node:assert/strict';
import { createLinks } from '../../../api/links.ts';
import type { Approval } from '../../../domain/approval.ts';
import { NOW_MS, type Served, type Who } from './served.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

export interface Shown {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

export async function get(served: Served, path: string, headers: Record<string, string> = {}): Promise<Shown> {
  const answer = await fetch(served.server.url + path, { headers: { ...BROWSER, ...headers }, redirect: 'manual' });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

export async function post(
  served: Served,
  id: string,
  fields: object,
  headers: Record<string, string>,
): Promise<Shown> {
  const answer = await fetch(`${served.server.url}/approvals/${id}`, {
    method: 'POST',
    headers: { ...BROWSER, 'sec-fetch-site': 'same-origin', origin: 'null', ...headers },
    body: new URLSearchParams(fields as Record<string, string>),
    redirect: 'manual',
  });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

export const login = (served: Served, who: Who) => {
  return { authorization: `Basic ${Buffer.from(`me:${served.keys[who]}`).toString('base64')}` };
};
export const personOf = (id: string) => ({ id, name: id, tenant: 'default' });
export const formIn = (html: string): string => /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
export const buttonsIn = (html: string) =>
  Array.from(html.matchAll(/<button name="answer" value="(\w+)"/g), ([, name]) => name);

/** A link as the API makes it for a message to this person, so long ago. */
export async function linkFor(
  served: Served,
  approval: Pick<Approval, 'id' | 'digest'>,
  who: string,
  agoMs = 0,
): Promise<string> {
  return createLinks({ signer: served.signer, nowMs: () => NOW_MS - agoMs }).pathFor(approval, personOf(who));
}

/** What a browser does with a link: it keeps the cookie, and goes on to the page. */
export async function follow(served: Served, link: string): Promise<{ cookie: string; page: Shown }> {
  const entering = await get(served, link);
  assert.equal(entering.status, 200, entering.html);
  const cookie = (entering.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const url = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(entering.html)?.[1] ?? '';
  return { cookie, page: await get(served, url, { cookie }) };
}

export const endOf = async (served: Served, id: string) => (await served.store.approvals.get(id))?.end;
