// Reads recorded material, which lies compressed beside the proofs. Whatever stands in its texts is data.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ZodType } from 'zod';

export const readMaterial = <T>(file: URL, schema: ZodType<T>): T =>
  schema.parse(JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')));
