// Which servers are OpenAI's own: what is special there is sent there only. May import nothing.

export const OPENAI_BASE_URL = 'https://api.openai.com/v1';

/** OpenAI's own hosts, regional ones included. */
export function isOpenAi(baseUrl: string): boolean {
  return /^(\w+\.)?api\.openai\.com$/.test(new URL(baseUrl).hostname);
}
