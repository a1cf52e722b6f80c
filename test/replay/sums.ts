// The digests of the kept histories, as `sha256sum` writes them: one line for each file.
import { join } from 'node:path';
import { sha256Hex } from '../../trust/digest.ts';
import { ROOT } from '../support/sources.ts';

export const HISTORIES = join(ROOT, 'test/replay/histories');
export const SUMS = join(ROOT, 'test/replay/SHA256SUMS');

/** The line of a history, by its file's name and text. */
export const sumOf = (name: string, text: string): string => `${sha256Hex(text)}  ${name}`;
