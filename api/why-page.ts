// The story of an action as one plain page: no script, no request to anywhere, and nothing of what people or models wrote
// that the browser could take for markup, or that could turn text around. Pure.
import { plain } from '../domain/text.ts';
import { escaped } from './page.ts';
import type { WhyView } from './why-schema.ts';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
  ol { list-style: none; padding: 0; } li { border-left: 3px solid #8c959f; margin: 0 0 1rem; padding: 0 0 0 .8rem; }
  li.enforced { border-color: #1a7f37; } li.attributed { border-color: #9a6700; } li.unknown { border-color: #cf222e; }
  p { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; } small { color: #57606a; }
  @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } small { color: #9198a1; } }`;

export function whyPage({ action, lines, coverage, links }: WhyView): string {
  const outcome = action.outcome === null ? 'has not ended' : action.outcome.replaceAll('_', ' ');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Why ${shown(action.id)}</title><style>${STYLE}</style></head><body>
<h1>Why: ${shown(action.summary)}</h1>
<p>${shown(outcome)} · ${shown(action.tool)} of the agent ${shown(action.agent)} · action ${shown(action.id)}</p>
<p><small>${coverage.enforced} lines enforced, ${coverage.attributed} attributed, ${coverage.unknown} unknown ·
digest ${shown(action.digest)}</small></p>
<ol>${lines.map(lineOf).join('')}</ol>
<h2>In Temporal</h2>
<ul>${links.map(linkOf).join('')}</ul>
</body></html>`;
}

function lineOf({ part, seq, atMs, text, coverage, because }: WhyView['lines'][number]): string {
  const when = atMs === null ? '' : ` · ${new Date(atMs).toISOString()}`;
  const where = seq === null ? 'no entry' : `entry ${seq}`;
  return `<li class="${coverage}"><small>${shown(part)}${when} · ${where}</small>
<p>${shown(text)}</p><small>${coverage}: ${shown(because)}</small></li>`;
}

function linkOf({ workflowId, url }: WhyView['links'][number]): string {
  const name = shown(workflowId);
  return `<li>${url === null ? name : `<a href="${shown(url)}" rel="noreferrer">${name}</a>`}</li>`;
}

/** As text: markup is escaped, and what cannot be seen is written out. */
const shown = (text: string): string => escaped(plain(text));
