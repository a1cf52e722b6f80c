import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHUNK_LEAVES, chunkRoot, createChunkedProver } from '../../trust/chunked-prover.ts';
import { entryLine, headerLine, plainJson } from '../../trust/export-lines.ts';
import { createProver, leafHash, verifyInclusion } from '../../trust/merkle.ts';

const leaves = Array.from({ length: 5 * CHUNK_LEAVES + 3 }, (_, at) => leafHash(Buffer.from(`entry ${at}`)));
const chunksOf = (all: readonly Buffer[]) =>
  Array.from({ length: Math.ceil(all.length / CHUNK_LEAVES) }, (_, at) =>
    all.slice(at * CHUNK_LEAVES, (at + 1) * CHUNK_LEAVES),
  );

const SIZES = [1, 2, 700, CHUNK_LEAVES - 1, CHUNK_LEAVES, CHUNK_LEAVES + 1, 3 * CHUNK_LEAVES, leaves.length];
for (const size of SIZES) {
  test(`chunk by chunk, ${size} entries have the proofs that they have all at once`, () => {
    const chunks = chunksOf(leaves.slice(0, size));
    const prover = createChunkedProver(chunks.map(chunkRoot));
    const whole = createProver(leaves.slice(0, size));
    const root = whole.root(size);
    for (const [at, chunk] of chunks.entries()) {
      const proofOf = prover.ofChunk(at, chunk);
      for (const index of new Set([0, 1, Math.floor(chunk.length / 2), chunk.length - 1])) {
        if (index >= chunk.length) continue;
        const place = at * CHUNK_LEAVES + index;
        const path = proofOf(index);
        assert.deepEqual(path, whole.inclusion(place, size));
        assert.ok(verifyInclusion({ leaf: leaves[place]!, index: place, size, path, root }));
      }
    }
  });
}

test('a line shows nothing that turns text around, hides or ends a line, and says exactly what it was made of', () => {
  const text =
    'a\u001b[2J\u0000 \u007f \u0085 \u202e \u2028 \u2029 \u200b \ufeff \u00ad \u{e0041} \ue000 ümläut 漢字 🙂 "\\"';
  for (const line of [
    plainJson({ text }),
    entryLine(1, text, [Buffer.alloc(32)]),
    headerLine({ origin: 'o', size: 1, from: 1, to: 1, checkpoint: text }),
  ]) {
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
    assert.match(line, /ümläut 漢字 🙂/);
    assert.ok(Object.values(JSON.parse(line) as object).includes(text));
  }
  assert.equal(plainJson('\u{e0041}'), '"\\udb40\\udc41"');
});
