// What the pages for people have in common: no script, no request to anywhere, in no frame, and nothing of what people or
// models wrote that the browser could take for markup. Pure. May import nothing but node's hash.
import { createHash } from 'node:crypto';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
  h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
  p { margin: 0 0 .5rem; } small, dt { color: #57606a; }
  h1, p, dd, li, td, th { overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: isolate; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: start; vertical-align: top; padding: .2rem .8rem .2rem 0; }
  th { font-weight: normal; width: 30%; } tr.critical th, tr.critical td { font-weight: bold; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .8rem; } dd { margin: 0; }
  mark { background: #fff8c5; color: #633c01; } .stop { border-left: 3px solid #cf222e; padding-left: .8rem; }
  form { margin: 1rem 0; } textarea { display: block; width: 100%; box-sizing: border-box; font: inherit; margin: .3rem 0; }
  button { font: inherit; padding: .4rem 1.2rem; }
  @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } small, dt { color: #9198a1; } }`;

const STYLE_SHA256 = createHash('sha256').update(STYLE).digest('base64');

/** Nothing is loaded, forms go nowhere else, no other site shows the page in a frame, and where it leads learns nothing. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_SHA256}'`,
    ...["form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"],
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
};

/** A whole page; the title is text, the body is markup, and so is what else belongs in the head. */
export function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>${head}<style>${STYLE}</style></head><body>
${body}
</body></html>`;
}

const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as text, also within a quoted attribute. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (one) => MARKUP[one] ?? '');
