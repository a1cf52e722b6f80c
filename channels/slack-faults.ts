// What Slack says where it does not do what it was asked, and what becomes of it. May import the channels' own files and the
// light parts of the Slack adapter.
import * as web from '@chat-adapter/slack/api';
import { ChannelFault } from './definition.ts';

// What passes by itself, or once whoever runs the app has put it right; all else is refused however often it is tried.
const PASSING =
  /^(?:ratelimited|internal_error|fatal_error|service_unavailable|request_timeout|invalid_auth|not_authed|account_inactive|token_\w+|missing_scope)$/;
// Until somebody invites us; Slack says the second of a private channel.
const NOT_LET_IN = /^(?:not_in_channel|channel_not_found)$/;
// Slack opens a form within 3 s of the click.
const TOO_LATE = 'expired_trigger_id';

export function faultOf(method: string, code: string): ChannelFault {
  const known = NOT_LET_IN.test(code) ? 'not_let_in' : 'refused';
  return new ChannelFault(PASSING.test(code) ? 'unavailable' : known, `Slack said ${code} to ${method}`);
}

const codeOf = (error: web.SlackApiError): string => error.response?.error ?? `${error.status}`;

export const known = (error: unknown): ChannelFault | undefined =>
  error instanceof web.SlackApiError ? faultOf(error.method, codeOf(error)) : undefined;

/** False where what it answers was clicked too long ago. */
export async function isInTime(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof web.SlackApiError && codeOf(error) === TOO_LATE) return false;
    throw error;
  }
}
