// Which models an agent's calls go to, and by which protocol: decided once, from configuration, where a worker starts.
// May import domain and the ports beside it.
import type { Agent } from '../../../domain/agent.ts';
import type { ModelPort } from '../../../domain/model.ts';
import { DEFAULT_MODELS } from '../../../domain/prices.ts';
import { createRedactor } from '../../redaction.ts';
import { withoutSecrets } from '../failures.ts';
import { createChatModel } from './chat-completions.ts';
import { isOpenAi, OPENAI_BASE_URL } from './openai-hosts.ts';
import { createResponsesModel } from './responses.ts';
import { createScriptedModel, SCRIPTED_MODEL } from './scripted.ts';

export interface ModelConfig {
  /** '' when there is none: local servers want none. */
  readonly apiKey: string;
  /** '' means OpenAI itself; without a key as well, the scripted demo model speaks. */
  readonly baseUrl: string;
  /** '' chooses by the base URL: Responses for OpenAI itself, Chat Completions elsewhere. */
  readonly protocol: 'responses' | 'chat' | '';
  /** For agents that name none; empty is possible with OpenAI itself only. */
  readonly models: readonly string[];
}

/** One model to try. */
export interface ModelRoute {
  readonly model: string;
  readonly port: ModelPort;
}

export interface ModelRouter {
  /** True when no real model is configured. */
  readonly scripted: boolean;
  /** One line for people: which protocol, where, which models. No key. */
  readonly description: string;
  /** The models for the agent's calls, best first; never empty. */
  routes(agent: Pick<Agent, 'models' | 'demo' | 'intake'>): readonly ModelRoute[];
}

/** Throws with a sentence that says what to set where the configuration cannot work. */
export function createModelRouter(config: ModelConfig, nowMs: () => number): ModelRouter {
  if (config.apiKey === '' && config.baseUrl === '') return scriptedRouter();
  const baseUrl = checkedUrl(config.baseUrl || OPENAI_BASE_URL);
  const ofOpenAi = isOpenAi(baseUrl);
  if (ofOpenAi && config.apiKey === '') throw new Error('the model: OpenAI wants a key; set OPENAI_API_KEY');
  const models = config.models.length === 0 && ofOpenAi ? DEFAULT_MODELS : config.models;
  const protocol = config.protocol || (ofOpenAi ? 'responses' : 'chat');
  const create = protocol === 'responses' ? createResponsesModel : createChatModel;
  const port = keepingKey(create({ apiKey: config.apiKey, baseUrl }, nowMs), config.apiKey);
  return {
    scripted: false,
    description: `${port.name} at ${new URL(baseUrl).host}: ${models.join(', ') || 'as the agents name them'}`,
    routes(agent) {
      const names = agent.models.length > 0 ? agent.models : models;
      if (names.length === 0)
        throw new Error(`the model: no name is known for ${baseUrl}; set OPENAI_MODEL, or models in the agent`);
      return names.map((model) => ({ model, port }));
    },
  };
}

/** A provider may say the key again: in its words, a call, a code, an id, its own name. Nothing of that goes any further. */
export function keepingKey({ name, complete }: ModelPort, apiKey: string): ModelPort {
  const redactor = createRedactor([apiKey]);
  return {
    name,
    complete: async (request, signal) => {
      const answer = await complete(request, signal).catch((error: unknown) => {
        throw withoutSecrets(error, redactor);
      });
      return redactor.json(answer);
    },
  };
}

function scriptedRouter(): ModelRouter {
  return {
    scripted: true,
    description: 'scripted demo model: set OPENAI_API_KEY, or OPENAI_BASE_URL, for a real one',
    routes: (agent) => [{ model: SCRIPTED_MODEL, port: createScriptedModel(agent.demo, agent.intake) }],
  };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return text;
  throw new Error('the model: OPENAI_BASE_URL must be an http(s) URL such as http://127.0.0.1:8080/v1');
}
