// What tests need not make again: the Workflow bundle, an empty database.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that outlives a run; whatever is in it may go at any time. */
export const KEPT = join(tmpdir(), 'countersign-test-cache');
