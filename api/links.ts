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
import { FORM_VALID_MS, LINK_VALID_MS, TOKEN_CHARS } from './limits.ts';
import { Problem } from './problem.ts';
import type { Entering } from './route.ts';

type Deps = Pick<ApiDeps, 'signer' | 'nowMs'>;
type Named = Pick<Approval, 'id' | 'digest'>;

export interface Links {
  /** The path of the page for this person, for minutes: send it to nobody else. Whoever has it is taken for them. */
  pathFor(approval: Named, person: Principal): Promise<string>;
  /** The person of a link in the query, or of the cookie that it became; undefined without either. Throws `link_refused`. */
  enter(request: Entering): Promise<Caller | undefined>;
  /** Throws `link_refused` where the caller came by a link to another action than the approval is about. */
  assertFits(caller: Caller, approval: Named): Promise<void>;
  /** The cookie that a link becomes: for this one page, until the link ends. */
  cookieOf(link: string, approvalId: string, host: string): Promise<string>;
  formFor(caller: Caller, approval: Named): Promise<string>;
  /** Throws `form_refused` unless this very person got this form, in this session, for this very action, a while ago. */
  assertForm(form: string, caller: Caller, approval: Named): Promise<void>;
}

/** The id of a step's approval has a slash; browsers send a cookie to the path as it is written here. */
export const pathOfApproval = (id: string): string => `/approvals/${id.replaceAll('/', '%2F')}`;

/** Links from elsewhere, such as from a channel; `publicUrl` is where browsers reach the API. */
export const linkingTo =
  (publicUrl: string, { pathFor }: Pick<Links, 'pathFor'>): Links['pathFor'] =>
  async (approval, person) =>
    publicUrl + (await pathFor(approval, person));

const COOKIE = 'countersign_link';
const SIGNED = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function createLinks({ signer, nowMs }: Deps): Links {
  const read = readerOf(signer);

  async function linkIn(text: string): Promise<LinkStatement | undefined> {
    const link = await read('link', text);
    return link !== undefined && nowMs() < link.expMs ? link : undefined;
  }

  return {
    async pathFor({ id, digest }, person) {
      const expMs = nowMs() + LINK_VALID_MS;
      const signed = await signer.sign<LinkStatement>({ kind: 'link', approvalId: id, digest, person, expMs });
      return `${pathOfApproval(id)}?link=${signed}`;
    },
    async enter({ params, query, cookies }) {
      const given = query['link'];
      const text = typeof given === 'string' ? given : given === undefined ? cookieIn(cookies) : '';
      const link = text === undefined ? undefined : await linkIn(text);
      if (text !== undefined && link !== undefined && link.approvalId === params['id']) return callerOf(link, text);
      // A cookie that has run out is as good as none: the key is asked for.
      if (given !== undefined) throw new Problem('link_refused', LINK_OVER);
      return undefined;
    },
    async assertFits({ link }, { digest }) {
      if (link === undefined || (await linkIn(link))?.digest === digest) return;
      throw new Problem('link_refused', LINK_OVER);
    },
    async cookieOf(link, approvalId, host) {
      const statement = await linkIn(link);
      if (statement === undefined || parseApprovalId(approvalId) === undefined)
        throw new Problem('link_refused', LINK_OVER);
      const seconds = Math.floor((statement.expMs - nowMs()) / 1000);
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
  'This link has run out, or is for something else; open the newest message about it, or come with your key.';
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
