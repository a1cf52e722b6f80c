// Webhooks of channels, as a route: the raw bytes are verified before anything is read, and a 200 is given only once what
// was said is taken. What takes longer than the platform waits is 503, so that it comes again, and counts once.
// May import channels and the API's own files.
import { z } from 'zod';
import { WebhookRefused } from '../channels/definition.ts';
import type { ChannelReceiver, Received } from '../domain/channel.ts';
import type { Access } from './access.ts';
import type { Ending } from './ending.ts';
import { createHearing, type HearingDeps } from './hearing.ts';
import { inTime } from './in-time.ts';
import { RETRY_AFTER_OUTAGE_S, WEBHOOK_MS } from './limits.ts';
import { Problem } from './problem.ts';
import { type Route, route } from './route.ts';

const OfChannel = z.object({ name: z.string().regex(/^[a-z][a-z0-9]{0,31}$/) });
type Webhook = Parameters<ChannelReceiver['receive']>[0];

export function channelRoutes(deps: HearingDeps, access: Access, ending: Ending): readonly Route[] {
  const { receivers = [] } = deps.channels ?? {};
  const hear = createHearing(deps, access, ending);
  return [
    route({
      method: 'post',
      path: '/v1/channels/{name}',
      id: 'receiveWebhook',
      summary: 'What the platform of a channel sends, with its signature over the bytes of the body',
      scope: 'public',
      params: OfChannel,
      headers: z.looseObject({}),
      takesRaw: true,
      responses: { 200: 'text/plain' },
      handler: async ({ params, headers, raw }) => {
        const receiver = receivers.find(({ name }) => name === params.name);
        if (receiver === undefined) throw new Problem('not_found', `There is no channel "${params.name}" here.`);
        const webhook = { headers: headers as Webhook['headers'], rawBody: raw, nowMs: deps.nowMs() };
        const received = await verified(receiver, webhook);
        if (received.kind === 'answer') return { status: 200, body: received.text };
        if (received.kind !== 'ignored') await inTime(WEBHOOK_MS, hear(receiver, received), tooLate);
        else deps.log.debug({ channel: receiver.name, why: received.why }, 'a webhook was ignored');
        return { status: 200, body: '' };
      },
    }),
  ];
}

async function verified(receiver: ChannelReceiver, webhook: Webhook): Promise<Received> {
  try {
    return await receiver.receive(webhook);
  } catch (error) {
    if (!(error instanceof WebhookRefused)) throw error;
    throw new Problem('webhook_refused', `The webhook was refused: ${error.message}.`, { cause: error });
  }
}

function tooLate(): Problem {
  const detail = 'This took too long; it may still happen. Send it again, and it counts once.';
  return new Problem('unavailable', detail, { retryAfterS: RETRY_AFTER_OUTAGE_S });
}
