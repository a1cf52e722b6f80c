import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry, Fact } from '../../domain/entry.ts';
import type { Directory } from '../../domain/principal.ts';
import { recordConfiguration } from '../../workers/configured.ts';

const DIRECTORY: Directory = {
  people: [
    { id: 'fay', name: 'Fay', channels: { slack: 'T1/U1' }, approvesUpTo: { EUR: 10_000 } },
    { id: 'ola', name: 'Ola' },
  ],
  groups: { finance: ['fay'] },
};

/** The digest of the directory, as a role that begins with it records it. */
async function digestOf(directory: Directory): Promise<string> {
  const facts: Fact[] = [];
  const record = async (entries: readonly Entry[]) => void facts.push(...entries.map(({ fact }) => fact));
  const store = { record, ledger: { lastStepOf: async () => undefined } } as never;
  await recordConfiguration('api', { store, agents: new Map(), directory, version: '1.0.0', nowMs: () => 0 });
  const [fact] = facts;
  assert.equal(fact?.kind, 'configured');
  return fact.directorySha256;
}

test('whatever decides who may decide is in the recorded digest of the directory', async () => {
  const [fay, ola] = DIRECTORY.people as [Directory['people'][0], Directory['people'][0]];
  const others: readonly Directory[] = [
    { ...DIRECTORY, people: [{ ...fay, approvesUpTo: { EUR: 10_001 } }, ola] },
    { ...DIRECTORY, people: [{ ...fay, actsFor: ['ola'] }, ola] },
    { ...DIRECTORY, people: [{ ...fay, channels: { slack: 'T1/U2' } }, ola] },
    { ...DIRECTORY, groups: { finance: ['fay', 'ola'] } },
    { ...DIRECTORY, addresses: { finance: { slack: 'T1/C1' } } },
  ];
  const digests = await Promise.all([DIRECTORY, ...others].map(digestOf));
  assert.equal(new Set(digests).size, digests.length);
});

test('what somebody is called is not on record', async () => {
  const renamed = DIRECTORY.people.map((person) => ({ ...person, name: `${person.name} Other` }));
  assert.equal(await digestOf({ ...DIRECTORY, people: renamed }), await digestOf(DIRECTORY));
});
