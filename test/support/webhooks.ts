// Webhooks as the platforms sign them, written from their documentation: nothing of the code under test is used here, so
// that a mistake there is not made twice. Node built-ins only.
import { createHmac } from 'node:crypto';

export interface Webhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly rawBody: Uint8Array;
}

/** Slack: "v0=" and the HMAC-SHA256 of "v0:<timestamp>:<body>" under the app's signing secret. */
export function slackSignature(secret: string, timestamp: string, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

export function slackWebhook(secret: string, body: string, atMs: number): Webhook {
  const timestamp = String(Math.floor(atMs / 1_000));
  const type = body.startsWith('payload=') ? 'application/x-www-form-urlencoded' : 'application/json';
  const headers = {
    'content-type': type,
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': slackSignature(secret, timestamp, body),
  };
  return { headers, rawBody: Buffer.from(body) };
}

/** Telegram: the secret that was given to setWebhook, as it is. */
export function telegramWebhook(secret: string, body: string): Webhook {
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secret };
  return { headers, rawBody: Buffer.from(body) };
}
