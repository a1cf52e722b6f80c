// Where each of many phrases stands in many texts: Aho and Corasick's automaton over atoms, so that the cost is linear in
// the texts, whoever wrote them and whatever is looked for. Pure. May import nothing.

/** The best place of each phrase: the lower the rank of a text, the better. */
export interface Finder {
  /** Look through one text of that rank. Texts do not run into one another. */
  look(atoms: readonly string[], rank: number): void;
  /** The best rank of the texts in which the phrase stands; undefined where it stands in none. */
  find(phrase: readonly string[]): number | undefined;
}

interface Node {
  readonly next: Map<number, number>;
  fail: number;
  /** The best rank of the texts that led here. */
  best: number;
  /** The atoms of the longest phrase that ends here. */
  longest: number;
}

const NOWHERE = Number.POSITIVE_INFINITY;
const node = (): Node => ({ next: new Map(), fail: 0, best: NOWHERE, longest: 0 });

export function createFinder(phrases: Iterable<readonly string[]>): Finder {
  const automaton = build(phrases);
  const { nodes, words, order } = automaton;
  let isSpread = true;
  return {
    look(atoms, rank) {
      walk(automaton, atoms, (reached) => {
        if (rank < reached.best) reached.best = rank;
      });
      isSpread = false;
    },
    find(phrase) {
      // Who reached a phrase has reached every phrase that it ends in: told once, from the longest to the shortest.
      if (!isSpread) spread(nodes, order);
      isSpread = true;
      let current = nodes[0];
      for (const atom of phrase) {
        const next = current?.next.get(words.get(atom) ?? -1);
        current = next === undefined ? undefined : nodes[next];
      }
      return phrase.length === 0 || current === undefined || current.best === NOWHERE ? undefined : current.best;
    },
  };
}

/** Takes phrases out of atoms: in place of each atom of one stands '', which is no atom. Linear in both. */
export function createMask(phrases: readonly (readonly string[])[]): (atoms: readonly string[]) => readonly string[] {
  if (phrases.length === 0) return (atoms) => atoms;
  const automaton = build(phrases);
  return (atoms) => {
    const ends: number[] = [];
    walk(automaton, atoms, ({ longest }) => void ends.push(longest));
    const kept = [...atoms];
    let cleared = atoms.length;
    for (let end = atoms.length - 1; end >= 0; end--) {
      const start = end + 1 - (ends[end] ?? 0);
      for (let at = Math.min(end, cleared - 1); at >= start; at--) kept[at] = '';
      cleared = Math.min(cleared, start);
    }
    return kept;
  };
}

interface Automaton {
  readonly nodes: readonly Node[];
  readonly words: ReadonlyMap<string, number>;
  /** Breadth first. */
  readonly order: readonly number[];
}

function build(phrases: Iterable<readonly string[]>): Automaton {
  const words = new Map<string, number>();
  const root = node();
  const nodes: Node[] = [root];
  for (const phrase of phrases) {
    let current = root;
    for (const atom of phrase) {
      const word = words.get(atom) ?? words.size;
      words.set(atom, word);
      const next = current.next.get(word) ?? nodes.push(node()) - 1;
      current.next.set(word, next);
      current = nodes[next] ?? root;
    }
    current.longest = phrase.length;
  }
  return { nodes, words, order: linkFailures(nodes) };
}

function walk({ nodes, words }: Automaton, atoms: readonly string[], visit: (reached: Node) => void): void {
  let current = 0;
  for (const atom of atoms) {
    const word = words.get(atom);
    current = word === undefined ? 0 : step(nodes, current, word);
    const reached = nodes[current];
    if (reached !== undefined) visit(reached);
  }
}

function step(nodes: readonly Node[], from: number, word: number): number {
  for (let current = from; ; current = nodes[current]?.fail ?? 0) {
    const next = nodes[current]?.next.get(word);
    if (next !== undefined) return next;
    if (current === 0) return 0;
  }
}

/** What a node fails to is linked before it. */
function linkFailures(nodes: readonly Node[]): readonly number[] {
  const order: number[] = [0];
  for (const current of order) {
    for (const [word, next] of nodes[current]?.next ?? []) {
      const child = nodes[next];
      if (child === undefined) continue;
      child.fail = current === 0 ? 0 : step(nodes, nodes[current]?.fail ?? 0, word);
      child.longest = Math.max(child.longest, nodes[child.fail]?.longest ?? 0);
      order.push(next);
    }
  }
  return order;
}

function spread(nodes: readonly Node[], order: readonly number[]): void {
  for (const index of order.toReversed()) {
    const from = nodes[index];
    const shorter = nodes[from?.fail ?? 0];
    if (index !== 0 && from !== undefined && shorter !== undefined) shorter.best = Math.min(shorter.best, from.best);
  }
}
