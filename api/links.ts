// Two signed words of the API about one approval: a link, by which one person gets in without a key, and the token of a
// form, without which nothing is decided. Both are short-lived, name the digest, and need no store.
// May import domain, trust.
import type { Approval } from '../domain/approval.ts';
import { parseApprovalId } from '../domain/ids.ts';
import type { Principal } from '../domain/principal.ts';
import type { FormStatement, LinkStatement } from '../domain/signed.ts';
import { sha256Hex } from '../trust/digest.ts';
import { createVerifier, type Signer } from '../trust/signing.ts';
import type { Caller } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { FORM_VALID_MS, LINK_REMEMBERED_MS, LINK_VALID_MS, TOKEN_CHARS } from './limits.ts';
import { Problem } from './problem.ts';
import type { Entering } from './route.ts';

type Deps = Pick<ApiDeps, 'signer' | 'nowMs'>;
type Named = Pick<Approval, 'id' | 'digest'>;

export interface Links {
  /** The path of the page for this person, for minutes: send it to nobody else. Whoever has it is taken for them. */
  pathFor(approval: Named, person: Principal): Promise<string>;
  /** The path of what was asked with it: of whoever came by a link with one of their own, which ends when theirs does. */
  onwardFor(caller: Caller, approval: Named): Promise<string>;
  /** When the link ends by which the caller came; undefined where they came by key. */
  untilMs(caller: Caller): Promise<number | undefined>;
  /**
   * The person of a link in the query, or of the cookie that it became; undefined without either. Throws `link_refused`,
   * also where that cookie has run out and no key comes with it.
   */
  enter(request: Entering): Promise<Caller | undefined>;
  /** Throws `link_refused` where the caller came by a link to another action than the approval is about. */
  assertFits(caller: Caller, approval: Named): Promise<void>;
  /** The cookie that a link becomes: for this one page, until the link ends. */
  cookieOf(link: string, approvalId: string, host: string): Promise<string>;
  formFor(caller: Caller, approval: Named): Promise<string>;
  /** Throws `form_refused` unless this very person got this form, in this session, for this very action, a while ago. */
  assertForm(form: string, caller: Caller, approval: Named): Promise<void>;
}

export const pathOfApproval = (id: string): string => `/approvals/${id}`;

/** Links from elsewhere, such as from a channel; `publicUrl` is where browsers reach the API. */
export const linkingTo =
  (publicUrl: string, { pathFor }: Pick<Links, 'pathFor'>): Links['pathFor'] =>
  async (approval, person) =>
    publicUrl + (await pathFor(approval, person));

const COOKIE = 'countersign_link';
const SIGNED = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function createLinks({ signer, nowMs }: Deps): Links {
  const read = readerOf(signer);

  const linkTo = async ({ id, digest }: Named, person: Principal, expMs: number): Promise<string> => {
    const signed = await signer.sign<LinkStatement>({ kind: 'link', approvalId: id, digest, person, expMs });
    return `${pathOfApproval(id)}?link=${signed}`;
  };

  async function linkIn(text: string): Promise<LinkStatement | undefined> {
    const link = await read('link', text);
    return link !== undefined && nowMs() < link.expMs ? link : undefined;
  }

  return {
    pathFor: (approval, person) => linkTo(approval, person, nowMs() + LINK_VALID_MS),
    async onwardFor({ link }, approval) {
      const own = link === undefined ? undefined : await linkIn(link);
      return own === undefined ? pathOfApproval(approval.id) : linkTo(approval, own.person, own.expMs);
    },
    untilMs: async ({ link }) => (link === undefined ? undefined : (await linkIn(link))?.expMs),
    async enter({ params, query, cookies, hasKey }) {
      const given = query['link'];
      const text = typeof given === 'string' ? given : given === undefined ? cookieIn(cookies) : '';
      const link = text === undefined ? undefined : await read('link', text);
      const isOfThis = link !== undefined && link.approvalId === params['id'];
      if (text !== undefined && isOfThis && nowMs() < link.expMs) return callerOf(link, text);
      if (given !== undefined) throw linkRefused(isOfThis ? LINK_OVER : LINK_WRONG, params['id']);
      // What a browser still has of a link that is over is no way in. With a key, or asking for one, it is as good as none.
      if (isOfThis && !hasKey && query[BY] !== BY_KEY) throw linkRefused(LINK_OVER, params['id']);
      return undefined;
    },
    async assertFits({ link }, { id, digest }) {
      if (link === undefined || (await linkIn(link))?.digest === digest) return;
      throw linkRefused(LINK_WRONG, id);
    },
    async cookieOf(link, approvalId, host) {
      const statement = await linkIn(link);
      if (statement === undefined || parseApprovalId(approvalId) === undefined)
        throw linkRefused(LINK_WRONG, approvalId);
      const seconds = Math.floor((statement.expMs + LINK_REMEMBERED_MS - nowMs()) / 1000);
      const secure = isLoopback(host) ? '' : '; Secure';
      return `${COOKIE}=${link}; Path=${pathOfApproval(approvalId)}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
    },
    formFor(caller, { id, digest }) {
      const statement = { approvalId: id, digest, personId: caller.principal.id, sessionSha256: sessionOf(caller) };
      return signer.sign<FormStatement>({ kind: 'form', ...statement, expMs: nowMs() + FORM_VALID_MS });
    },
    async assertForm(text, caller, { id, digest }) {
      const form = await read('form', text);
      const fits =
        form?.approvalId === id &&
        form.digest === digest &&
        form.personId === caller.principal.id &&
        form.sessionSha256 === sessionOf(caller);
      if (!fits || nowMs() >= form.expMs) throw new Problem('form_refused', FORM_OVER);
    },
  };
}

const LINK_OVER =
  'This link has run out, and nothing was decided by it just now. Press “See everything” on the card again: you get a new link, which is good for 15 minutes. Or come with your key.';
const LINK_WRONG =
  'This link is for something else, or was changed on its way. Press “See everything” on the newest card about it, or come with your key.';
// How whoever has a link that is over asks to be let in by key.
const BY = 'by';
const BY_KEY = 'key';

function linkRefused(detail: string, approvalId: unknown): Problem {
  const id = typeof approvalId === 'string' && parseApprovalId(approvalId) !== undefined ? approvalId : undefined;
  const links = id === undefined ? [] : [{ url: `${pathOfApproval(id)}?${BY}=${BY_KEY}`, label: 'Come with a key' }];
  return new Problem('link_refused', detail, { onPage: { links } });
}

const FORM_OVER = 'This page is too old, or not the one that was shown to you; open it again, look, and answer there.';

/** What the API itself signed; undefined for anything else, however it is broken. */
function readerOf({ publicKey }: Signer) {
  const verifier = createVerifier({ api: [publicKey], workflows: [] });
  return async <K extends 'link' | 'form'>(kind: K, text: string) => {
    if (text.length > TOKEN_CHARS || !SIGNED.test(text)) return undefined;
    return verifier.verify(kind, text).catch(() => undefined);
  };
}

/** May decide on that one page, as the person that the directory knows; nothing else is open to it. */
const callerOf = ({ person }: LinkStatement, link: string): Caller => {
  return { keyId: `link/${person.id}`, principal: person, scopes: ['approvals:decide'], link };
};

const sessionOf = ({ link, keyId }: Caller): string => sha256Hex(link ?? keyId);

function cookieIn(cookies: string): string | undefined {
  const found = cookies.split(';').find((one) => one.trim().startsWith(`${COOKIE}=`));
  return found?.trim().slice(COOKIE.length + 1);
}

/** Where the page is on this very machine, plain HTTP is no leak, and browsers keep no secure cookie of it. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);
}
