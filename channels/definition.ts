// What each channel declares, and how its parts fail. May import domain types.
import type { ChannelReceiver, ChannelSending } from '../domain/channel.ts';

/** One variable of the environment that a channel needs; the one table of the environment takes it from here. */
export interface ChannelSetting {
  readonly name: string;
  /** Receiving is the API's, sending the actor's. */
  readonly role: 'api' | 'actor';
  readonly meaning: string;
  readonly form: RegExp;
  /** Ends the sentence "NAME must …" for a value that has not this form. */
  readonly must: string;
  readonly secret?: true;
  /** The channel works without it. */
  readonly optional?: true;
}

/** A setting in one line or two: `must` ends the sentence "NAME must …". */
export const setting = (
  role: ChannelSetting['role'],
  name: string,
  form: RegExp,
  must: string,
  meaning: string,
  also: Pick<ChannelSetting, 'secret' | 'optional'> = {},
): ChannelSetting => ({ role, name, form, must, meaning, ...also });

export const agentSetting = (name: string): ChannelSetting =>
  setting('api', name, /^[a-z][a-z0-9-]{0,63}$/, 'be the name of an agent', 'the agent that people talk to there');

export const urlSetting = (name: string, usual: string): ChannelSetting =>
  setting('actor', name, /^https?:\/\/[^\s?#]+\/$/, 'be a URL that ends with /', `another API than ${usual}`, {
    optional: true,
  });

/** Values by the names of the variables. */
export type ChannelSettings = Readonly<Record<string, string | undefined>>;

export interface ChannelDefinition {
  /** As it stands in URLs, in the directory and in the ledger: how a person was known. */
  readonly name: string;
  readonly settings: readonly ChannelSetting[];
  receiver(settings: ChannelSettings): ChannelReceiver;
  sender(settings: ChannelSettings): ChannelSending;
}

/** The webhook does not prove that it comes from the platform, or is meant for somebody else. Nothing of it was used. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

/**
 * A call to the platform failed. `rate_limited` and `unavailable` pass by themselves, and `not_let_in` once somebody has let
 * us into that one place. `later`: nobody was called, and it is to be tried again. `refused` does not pass: whoever we write
 * to is gone, has blocked us, or the platform does not take the message.
 */
export class ChannelFault extends Error {
  override readonly name = 'ChannelFault';
  readonly kind: 'rate_limited' | 'unavailable' | 'not_let_in' | 'later' | 'refused';
  /** How long the platform wants us to wait; 0 where it does not say. */
  readonly retryAfterMs: number;

  constructor(kind: ChannelFault['kind'], message: string, retryAfterMs = 0) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

export const isRefused = (error: unknown): error is ChannelFault =>
  error instanceof ChannelFault && error.kind === 'refused';

/** Why the platform refuses it; undefined where it is taken. What passes by itself is thrown. */
export async function refusalOf(work: Promise<unknown>): Promise<ChannelFault | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isRefused(error)) return error;
    throw error;
  }
}

/** False where the platform refuses it; what passes by itself is thrown. */
export const isTaken = async (work: Promise<unknown>): Promise<boolean> => (await refusalOf(work)) === undefined;

/** The value of a setting that must be there: a blank one would verify everything or nothing. */
export function settingOf(settings: ChannelSettings, name: string): string {
  const value = settings[name] ?? '';
  if (value.trim() === '') throw new Error(`${name} is blank; set it, or take the channel’s other variables away`);
  return value;
}
