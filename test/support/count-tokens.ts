// The tokenizer, loaded once for all tests of a file.
import { loadTokenizer } from '../../activities/assistant/tokens.ts';

export const countTokens = await loadTokenizer();
