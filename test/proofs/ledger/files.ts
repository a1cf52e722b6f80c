// The part of the proof `ledger` over files: trees are those of RFC 6962; whatever is done to the files of a ledger, one
// thing at a time, is found and the first bad entry named, by two verifiers in two languages; what cannot be found is
// shown not to be, and said.
import { createLedger, filesOf, MUTATIONS, rewriteTheTail } from '../../support/ledger-mutations.ts';
import { hasPython, inShort, objection, ours, pythons } from '../../support/ledger-verifiers.ts';
import { knownAnswers } from '../../support/merkle-known-answers.ts';
import { createRandom, type ProofContext, type ProofResult } from '../support.ts';

const MUTATED = { quick: 200, full: 1_000 };
// The Python verifier checks each note and each proof by itself, and each start costs: a sample.
const ASKED_PYTHON = { quick: 5, full: 20 };
// 1,050 entries with a checkpoint each 100: fifty lie after the last one that was published.
const TAMPERED_SIZE = 1_050;
const TAMPERED_EVERY = 100;

export function proveKnownAnswers({ log }: ProofContext): ProofResult {
  const answers = knownAnswers();
  const wrong = answers.filter(({ expected, actual }) => expected !== actual);
  log(`known answers of RFC 6962: ${answers.length}, wrong: ${wrong.length}`);
  return { cases: answers.length, violations: wrong.map(({ kind, name }) => `known answer: ${kind} ${name}`) };
}

export async function proveMutations({ seed, quick, random, folder, log }: ProofContext): Promise<ProofResult> {
  const one = createLedger(TAMPERED_SIZE, TAMPERED_EVERY, random);
  const key = one.signer.verifierKey;
  const violations: string[] = [];
  const kinds = Object.entries(MUTATIONS);
  const count = quick ? MUTATED.quick : MUTATED.full;
  const python = await hasPython();
  if (!python) violations.push('there is no python3 on the PATH: the second verifier was not asked');
  const askEach = Math.floor(count / (quick ? ASKED_PYTHON.quick : ASKED_PYTHON.full));
  const asked = random.between(0, askEach - 1);
  let second = 0;

  // The control: as it was published it holds. And what nobody can find holds too, without being said to be proven.
  const holds = `holds: entries 1 to ${TAMPERED_SIZE}, proven up to ${one.last}`;
  for (const files of [filesOf(one.lines, one.published), rewriteTheTail(one)]) {
    const said = [inShort(await ours(files, key)), python ? await pythons(files, key, folder) : holds];
    if (said.some((words) => words !== holds)) violations.push(`"${said.join('", "')}" instead of "${holds}"`);
  }

  for (let tried = 0; tried < count; tried++) {
    const [name, tamper] = kinds[tried % kinds.length]!;
    const caseSeed = random.between(0, 2 ** 31);
    const tampered = tamper(one, createRandom(caseSeed));
    const verified = await ours(tampered.files, key);
    const wrong = objection(tampered, verified);
    if (wrong !== undefined) violations.push(`${name} (seed ${seed}, case ${caseSeed}): ${wrong}`);
    if (!python || tried % askEach !== asked) continue;
    second += 1;
    const theirs = await pythons(tampered.files, key, folder);
    if (theirs !== inShort(verified)) violations.push(`${name} (seed ${seed}, case ${caseSeed}): python3: ${theirs}`);
  }
  log(`mutations: ${count} of ${kinds.length} kinds, not found or not named: ${violations.length}`);
  log(`the verifier in Python was asked of ${second} of them, and of both that hold`);
  log(
    `cannot be found: entries ${one.last + 1} to ${TAMPERED_SIZE}, rewritten by who has the database and the key of the`,
  );
  log('ledger: no published checkpoint covers them, and both verifiers say so');
  return { cases: count + second + 2, violations };
}
