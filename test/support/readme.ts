// The README's console blocks as steps: what is typed, and what it shows. Text that differs from run to run (keys, ports,
// dates, ids) is compared by its kind; a line "…" stands for any lines. Node built-ins only.
import { readFileSync } from 'node:fs';

export interface ConsoleStep {
  readonly command: string;
  /** What the README shows below it, without "…" lines, in order. */
  readonly shown: readonly string[];
}

/** The steps of every console block of a Markdown file, in order, block by block. */
export function consoleBlocks(path: string): readonly (readonly ConsoleStep[])[] {
  const blocks = [...readFileSync(path, 'utf8').matchAll(/^```console\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, text = '']) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [command = '', ...lines] = step.trimEnd().split('\n');
        return { command, shown: lines.filter((line) => line.trim() !== '' && line.trim() !== '…') };
      }),
  );
}

/** The code blocks of one language, whole. */
export function codeBlocks(path: string, language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...readFileSync(path, 'utf8').matchAll(fence)].map(([, text = '']) => text);
}

/** The shown lines that the real output lacks, or has in another order; empty when the README tells the truth. */
export function untrueLines(shown: readonly string[], output: string): readonly string[] {
  const real = output.split('\n').map(kindOf);
  let from = 0;
  const untrue: string[] = [];
  for (const line of shown) {
    const at = real.indexOf(kindOf(line), from);
    if (at === -1) untrue.push(line);
    else from = at + 1;
  }
  return untrue;
}

/** A line with what differs from run to run put as its kind. Spaces count once: a column is as wide as its values. */
function kindOf(line: string): string {
  return line
    .replace(/\bcs_[0-9a-f]+_[\w-]+/g, 'KEY')
    .replace(/\b\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?( UTC)?/g, 'DATE')
    .replace(/\(in [^)]*\)/g, '(in TIME)')
    .replace(/(127\.0\.0\.1):\d+/g, '$1:PORT')
    .replace(/\s+/g, ' ')
    .trim();
}
