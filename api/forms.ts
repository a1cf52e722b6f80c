// Forms are taken from our own pages only: a browser sends along a cookie, or a login that it remembers, with whatever
// another site makes it post. Beside this look at the sender, each form carries a token of its own (links.ts).
import type { Request, RequestHandler } from 'express';
import { Problem } from './problem.ts';

export const wantOwnForm: RequestHandler = (req, _res, next) => {
  if (!isOwn(req))
    throw new Problem('form_refused', 'This form was sent by another site; open the page here, and answer there.');
  if (req.is('application/x-www-form-urlencoded') === false || req.get('content-type') === undefined) {
    throw new Problem('unsupported_media_type', 'Send the form of the page, as a browser does.');
  }
  next();
};

/** As the browser says. With no-referrer an Origin is "null" on our own forms too, and old browsers say nothing at all. */
function isOwn(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = req.get('origin') ?? 'null';
  return origin === 'null' || hostOf(origin) === req.get('host');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
