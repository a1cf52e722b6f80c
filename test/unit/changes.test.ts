import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex } from '../../trust/digest.ts';
import { CHANGES } from '../../workflows/changes.ts';

test('what a mark stands for is closed: one more would send runs that have it another way than they went', () => {
  const digest = sha256Hex(CHANGES.toSorted().join('\n'));
  equal(digest, '88d96cfac6de4f13c1ab0adb7431f477d96996427308cf6e01347a4be69945d3');
});
