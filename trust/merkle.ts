import { createHash } from 'node:crypto';
export function leafHash(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
}
