// What the contract needs to know of a channel: how its platform writes, and what people see of what it sends.
import type { TestContext } from 'node:test';
import type { ChannelSettings, ChannelDefinition } from '../../channels/definition.ts';
import type { ChannelSending, PrivateWay } from '../../domain/channel.ts';
import type { Call, Failure } from '../support/relay.ts';
import type { Webhook } from '../support/webhooks.ts';

export const NOW_MS = 1_800_000_000_000;

export interface Said {
  readonly text?: string;
  /** One of the fixture's people. */
  readonly from?: string;
  readonly displayName?: string;
  /** Which event it is: another number, another event. */
  readonly event?: number;
}

/** What people see of something that we sent. */
export interface Seen {
  /** Words outside of code: ours. */
  readonly own: string;
  /** What stands in code, as people read it. */
  readonly code: string;
  readonly buttons: readonly { readonly label: string; readonly payload: string }[];
  /** Whatever the platform would make a link or a mention of. */
  readonly live: readonly string[];
  /** Whatever it would show in bold, crossed out or the like. */
  readonly formatted: readonly string[];
  /** All of it, line by line, as people read it. */
  readonly lines: readonly string[];
  /** What it pushes to a phone. */
  readonly pushed: string;
}

/** A platform's emulator with our bot in it. */
export interface Stage {
  readonly sender: ChannelSending;
  /** As the directory would name them. */
  readonly person: string;
  readonly group: string;
  readonly calls: readonly Call[];
  readonly failures: Failure[];
  /** How to reach one person alone, as a click of that person would have given it. */
  way(): Promise<PrivateWay>;
  /** What stands at this place now, oldest first. */
  standing(to: string): Promise<readonly Seen[]>;
  /** The calls by which somebody was told something alone, or asked for a reason. */
  told(): readonly string[];
}

export interface ChannelFixture {
  readonly definition: ChannelDefinition;
  readonly settings: ChannelSettings;
  /** The variables without which nothing could be verified or sent. */
  readonly secrets: readonly string[];
  /** What the sender shows to the platform. */
  readonly token: string;
  readonly people: readonly [string, string];
  sign(body: string): Webhook;
  /** Webhooks with this body that must be refused, by what is wrong with them. */
  forgeries(body: string): Readonly<Record<string, Webhook>>;
  message(said: Said): string;
  click(said: Said & { readonly payload: string }): string;
  /** The reason that a person gives when asked in this way. */
  reason(said: Said & { readonly payload: string; readonly way: PrivateWay }): string;
  /** What is not for us, by what it is. */
  readonly ignored: Readonly<Record<string, string>>;
  /** Properly signed, and meant for somebody else. */
  readonly elsewhere: Readonly<Record<string, string>>;
  seen(rendered: string): Seen;
  emulate(t: TestContext): Promise<Stage>;
  /** How the platform says these things. */
  readonly faults: {
    readonly tooSoon: Failure;
    readonly gone: Failure;
    readonly broken: Failure;
    /** Refuses, in these words. */
    saying(words: string): Failure;
  };
}
