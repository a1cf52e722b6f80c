// What every channel must hold to. A new channel is its file, a line in the list and a fixture for these rules.
import { test } from 'node:test';
import type { ChannelFixture } from './fixture.ts';
import { receivingRules } from './contract-receiving.ts';
import { sendingRules } from './contract-sending.ts';
import { showingRules } from './contract-showing.ts';

export function channelContract(fixture: ChannelFixture): void {
  const { name } = fixture.definition;
  for (const rules of [receivingRules, showingRules, sendingRules]) {
    for (const [rule, check] of Object.entries(rules(fixture))) test(`${name}: ${rule}`, check);
  }
}
