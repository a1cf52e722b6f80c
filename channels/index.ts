// The channels that there are: one file each, and one line here. Nothing outside of this folder knows any by name.
import type { ChannelDefinition } from './definition.ts';
import { slack } from './slack.ts';
import { telegram } from './telegram.ts';

export const CHANNELS: readonly ChannelDefinition[] = [slack, telegram];
