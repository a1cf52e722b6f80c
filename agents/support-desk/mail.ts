// How a mail leaves: by SMTP when SMTP_URL is configured, else as an .eml file in the outbox folder, named by the
// idempotency key, which any mail program opens. Errors say whether the mail certainly did not go.
// May import countersign, nodemailer and Node built-ins.
import { createHash } from 'node:crypto';
import { access, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DidNotHappen, type SecretSystem, type ToolContext } from 'countersign';
import { createTransport } from 'nodemailer';

/** The mail server: for tools with a scope "mail:…". */
export const mailServer: SecretSystem = {
  kind: 'secrets',
  name: 'mail',
  secrets: ['SMTP_URL'],
  settings: ['MAIL_FROM'],
};

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

// 5 s to connect and 5 s to be greeted, 15 s without a byte: together less than the tool's 30 s.
const SMTP_LIMITS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 15_000 };
const OUTBOX_SENDER = 'Support desk <support@shop.example>';

/** Send it once. Throws DidNotHappen when it was certainly not accepted; any other error means that nobody knows. */
export async function sendMail(mail: Mail, context: ToolContext): Promise<'smtp' | 'outbox'> {
  if (usesSmtp(context)) {
    await bySmtp(mail, context);
    return 'smtp';
  }
  if (!(await inOutbox(context))) await toOutbox(mail, context);
  return 'outbox';
}

export function usesSmtp(context: ToolContext): boolean {
  return context.access.secret('SMTP_URL') !== undefined;
}

/** True when the mail of this key lies in the outbox. */
export async function inOutbox(context: ToolContext): Promise<boolean> {
  return access(outboxFile(context)).then(
    () => true,
    () => false,
  );
}

async function bySmtp(mail: Mail, context: ToolContext): Promise<void> {
  const url = context.access.secret('SMTP_URL');
  const from = context.access.secret('MAIL_FROM');
  if (url === undefined || from === undefined) {
    throw new DidNotHappen('mail is not configured: set SMTP_URL and MAIL_FROM for the actor');
  }
  const transport = createTransport({ url, ...SMTP_LIMITS });
  try {
    await transport.sendMail(messageOf(mail, from, context));
  } catch (error) {
    if (wasRefused(error)) throw new DidNotHappen(`the mail server did not take the mail: ${(error as Error).message}`);
    throw error;
  } finally {
    transport.close();
  }
}

async function toOutbox(mail: Mail, context: ToolContext): Promise<void> {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail(messageOf(mail, OUTBOX_SENDER, context));
  const file = outboxFile(context);
  // Written aside and renamed: a file under the key's name is always a whole mail.
  await writeFile(`${file}.part`, message as Buffer);
  await rename(`${file}.part`, file);
}

function messageOf(mail: Mail, from: string, { idempotencyKey, nowMs }: ToolContext): object {
  // The Message-ID comes from the key: should a mail ever be sent again by hand, mailboxes can tell it is the same.
  const id = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 32);
  return {
    from,
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    messageId: `<${id}@${/@([\w.-]+)/.exec(from)?.[1] ?? 'localhost'}>`,
    date: new Date(nowMs),
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function outboxFile({ access: { folder }, idempotencyKey }: ToolContext): string {
  // Encoding keeps different keys different and takes the slashes out.
  return join(folder('outbox'), `${encodeURIComponent(idempotencyKey)}.eml`);
}

const BEFORE_THE_MAIL = new Set(['EDNS', 'ETLS', 'EAUTH', 'ENOAUTH', 'EENVELOPE', 'ECONFIG']);

/** True when the server said no, or the way to it failed before any mail was handed over. */
function wasRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, originalCode, responseCode } = error as Error & Record<string, unknown>;
  const saidNo = typeof responseCode === 'number' && responseCode >= 400;
  return saidNo || BEFORE_THE_MAIL.has(String(code)) || originalCode === 'ECONNREFUSED';
}
