// A Temporal in which no conversation runs, for what never asks which do.
import type { ConversationRuns } from '../../activities/workflows/deps.ts';

export const noRuns: ConversationRuns = { begunSince: async () => [], end: async () => false };
