// Where something goes: hosts of URLs and domains of mail addresses, read exactly as who sends reads them, and compared
// whole. What two programs could read differently is no destination. Pure: `URL` is the one global that it uses.

/** Hosts that something may go to. Made by `destinations`, so that a list with a mistake stops the start. */
export interface Destinations {
  readonly hosts: readonly string[];
  /** Any host below these, and not they themselves. */
  readonly under: readonly string[];
}

/**
 * The hosts of a list: `destinations('example.com', '*.example.com')`. `*.` stands for any host below that one, and not for
 * itself. Names of other scripts may stand as they are read or in punycode. Throws where an entry is no host.
 */
export function destinations(...entries: readonly string[]): Destinations {
  const hosts: string[] = [];
  const under: string[] = [];
  for (const entry of entries) {
    const isUnder = entry.startsWith('*.');
    const host = hostNamed(isUnder ? entry.slice(2) : entry);
    if (host === undefined || (isUnder && !host.includes('.')))
      throw new Error(`"${entry}" is no host; write example.com`);
    (isUnder ? under : hosts).push(host);
  }
  return Object.freeze({ hosts, under });
}

/** The host of an http or https URL, in lower case and punycode; undefined where it is none, or hides where it leads. */
export function hostOf(url: string): string | undefined {
  // Other programs take a backslash, a blank or a user name before the host for something else than we do.
  const plain = /^https?:\/\/(?<host>[^\s\\/?#@:]+)(?::\d{1,5})?(?:[/?#][^\s\\]*)?$/i.exec(url)?.groups;
  return plain?.host !== undefined && URL.canParse(url) ? hostNamed(plain.host) : undefined;
}

/** The domain of one plain mail address, in lower case and punycode; undefined for lists, names, quotes and comments. */
export function mailDomainOf(address: string): string | undefined {
  // 64 characters before the "@", as RFC 5321 allows, and those that need no quotes; no "%" and "!", by which old relays
  // send on to somewhere else.
  const domain = /^[\w.#$&'*+/=?^`{|}~-]{1,64}@(?<domain>[^@]+)$/.exec(address)?.groups?.domain;
  return domain === undefined ? undefined : hostNamed(domain);
}

/** True when the URL leads to one of the hosts. */
export const leadsTo = (list: Destinations, url: string): boolean => has(list, hostOf(url));

/** True when the address is at one of the hosts. */
export const isMailTo = (list: Destinations, address: string): boolean => has(list, mailDomainOf(address));

const has = ({ hosts, under }: Destinations, host: string | undefined): boolean =>
  host !== undefined && (hosts.includes(host) || under.some((one) => host.endsWith(`.${one}`)));

// 253 characters: as long as a name of the DNS may be.
const MAX_HOST_CHARS = 253;

/** A host by itself, in lower case and punycode. Where reading it changes anything else, it is not taken for the same. */
function hostNamed(text: string): string | undefined {
  // Letters of any script, digits, hyphens and dots: neither escapes nor brackets, and no other full stops than ".".
  if (text.length > MAX_HOST_CHARS || !/^[\p{L}\p{M}\p{N}.-]+$/u.test(text)) return undefined;
  if (!URL.canParse(`http://${text}/`)) return undefined;
  const { hostname } = new URL(`http://${text}/`);
  if (/^\.|\.\.|\.$/.test(hostname)) return undefined;
  // So 0x7f.1 is no 127.0.0.1, and fullwidth letters are no letters.
  const isPlain = /^[\x20-\x7e]*$/.test(text);
  const isAsWritten = isPlain ? hostname === text.toLowerCase() : text.normalize('NFKC') === text;
  return isAsWritten ? hostname : undefined;
}
