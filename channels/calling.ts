// Calls to a platform: bounded in time, never redirected, and failing with a ChannelFault that names no secret, whatever
// the platform, or a proxy before it, says again. May import the faults and the redactor.
import { createRedactor } from '../activities/redaction.ts';
import { ChannelFault } from './definition.ts';

// 10 s: both platforms answer in well under one; the next attempt is Temporal's.
const CALL_MS = 10_000;
// 1 hour: whatever a platform says, we look again by then.
const MAX_RETRY_AFTER_MS = 3_600_000;

/** `fetch` for a platform's API. What is wrong with the platform is thrown; what it says of the call is its caller's. */
export function createCall(platform: string): typeof fetch {
  return async (input, init) => {
    let response: Response;
    try {
      response = await fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(CALL_MS) });
    } catch {
      // The cause may name the URL, and a URL may hold the token.
      throw new ChannelFault('unavailable', `${platform} could not be reached`);
    }
    if (response.status >= 500) throw new ChannelFault('unavailable', `${platform} answered ${response.status}`);
    return response;
  };
}

/** The fault of a call that came too soon. */
export function tooSoon(platform: string, seconds: unknown): ChannelFault {
  const wait = Number(seconds);
  const ms = Number.isFinite(wait) && wait > 0 ? Math.min(wait * 1_000, MAX_RETRY_AFTER_MS) : 0;
  return new ChannelFault('rate_limited', `${platform} wants us to wait ${ms} ms`, ms);
}

/**
 * Whatever goes wrong in `work`, as a fault without the secret; `known` reads the platform's own errors, and says undefined
 * to others.
 */
export function createFaulty(
  platform: string,
  secret: string,
  known: (error: unknown) => ChannelFault | undefined = () => undefined,
) {
  const redactor = createRedactor([secret]);
  return async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const fault = error instanceof ChannelFault ? error : known(error);
      if (fault === undefined) throw new ChannelFault('unavailable', `${platform} answered with what cannot be read`);
      throw new ChannelFault(fault.kind, redactor.text(fault.message), fault.retryAfterMs);
    }
  };
}
