// Slack’s webhooks over HTTP to the API, as people of the directory send them, and what they are told.
import type { TestContext } from 'node:test';
import type { ListeningDeps } from '../../../api/deps.ts';
import { slack } from '../../../channels/slack.ts';
import type { Approval } from '../../../domain/approval.ts';
import type { ClickAnswer } from '../../../domain/channel.ts';
import { approvalHandle } from '../../../trust/digest.ts';
import { createOpen, createSeal, generateSealingKey, sealingPublicKey } from '../../../trust/sealing.ts';
import { openedNote } from '../../../workers/open-notes.ts';
import { payloadOf } from '../../channels/cards.ts';
import { envelope, mention, settings, slackFixture } from '../../channels/slack-fixture.ts';
import { slackWebhook, type Webhook } from '../../support/webhooks.ts';
import { problem } from './answers.ts';
import { NOW_MS, type Served, serve } from './served.ts';

export const TEAM = settings.SLACK_TEAM_ID;
export const idOf = (who: string): string => `${TEAM}/U0${who.toUpperCase()}`;
export const sign = (body: string) => slackWebhook(settings.SLACK_SIGNING_SECRET, body, NOW_MS);

interface Channel extends Served {
  /** Hand in a webhook; resolves to "200", or to what is wrong with it. */
  post(webhook: Webhook, name?: string): Promise<string>;
  /** One that is properly signed. */
  send(body: string): Promise<string>;
  /** What people were told since the last look. */
  heard(): readonly string[];
}

const linkKey = generateSealingKey();
/** As the actor's process does. */
export const openLink = createOpen(linkKey);
type Links = NonNullable<ListeningDeps['links']>;
/** Links that the actor opens. */
export const sealing = (linkFor: Links['linkFor']): { readonly links: Links } => ({
  links: { linkFor, seal: createSeal(sealingPublicKey(linkKey)) },
});

export async function listening(t: TestContext, channels: Partial<ListeningDeps> = {}): Promise<Channel> {
  const served = await serve(t, {}, { receivers: [slack.receiver(settings)], ...channels });
  let looked = 0;
  const post: Channel['post'] = async ({ headers, rawBody }, name = 'slack') => {
    const response = await fetch(`${served.server.url}/v1/channels/${name}`, {
      method: 'POST',
      headers,
      body: Buffer.from(rawBody),
    });
    const text = await response.text();
    if (response.status === 200) return text === '' ? '200' : text;
    return problem({ status: response.status, headers: response.headers, body: JSON.parse(text) });
  };
  const heard = () => {
    const all = served.store.told.slice(looked);
    looked = served.store.told.length;
    return all.map((one) => {
      const note = openedNote(one, openLink);
      return note.kind === 'text' ? `${note.text}${note.link?.url ?? ''}` : `why ${note.answer}? ${note.about}`;
    });
  };
  return { ...served, post, send: (body) => post(sign(body)), heard };
}

export const said = (who: string, text: string, event = 1) => envelope(mention({ from: idOf(who), text, event }));
export const clicked = (who: string, payload: string, event = 1) =>
  slackFixture.click({ from: idOf(who), payload, event });
export const because = (who: string, payload: string, text: string) =>
  slackFixture.reason({ from: idOf(who), payload, text, way: {} });

/** What the button of that answer carries, on a card of this approval. */
export const button = (answer: ClickAnswer, approval: Approval): string =>
  payloadOf(answer, { handle: approvalHandle(approval), digest: approval.digest });
