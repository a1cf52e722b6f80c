// The agent of the bench: one tool that reads, and a rule that lets it. No budget or limit ends a turn of the bench, and all
// of them are counted as in production. May import countersign, zod.
import { allow, defineAgent, defineTool, rule } from 'countersign';
import { z } from 'zod';
import { WEATHER } from '../../words.ts';

const ENOUGH_OF_A_DAY = {
  modelCalls: 1_000_000,
  toolCalls: 10_000_000,
  tokens: 10_000_000_000,
  microUsd: 1_000_000_000_000,
};

const getWeather = defineTool({
  name: 'get_weather',
  version: '1',
  description: 'The weather of a city',
  input: z.strictObject({ city: z.string().min(1).max(80) }),
  effect: 'read',
  idempotent: true,
  egress: false,
  critical: [],
  scopes: [],
  trust: 'record',
  execute: async () => WEATHER,
});

export default defineAgent({
  name: 'weather',
  owner: 'olga',
  team: 'support',
  purpose: 'Tells the weather, as often as anybody likes.',
  instructions: 'You are the agent of a bench. Ask for the weather, and say it.',
  models: ['model-of-the-bench'],
  tools: [getWeather],
  rules: [rule('weather', getWeather, () => allow())],
  budgets: { conversation: ENOUGH_OF_A_DAY, principalPerDay: ENOUGH_OF_A_DAY, agentPerDay: ENOUGH_OF_A_DAY },
});
