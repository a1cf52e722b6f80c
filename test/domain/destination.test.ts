import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { destinations, hostOf, isMailTo, leadsTo, mailDomainOf } from '../../domain/destination.ts';

const OURS = destinations('example.com', '*.shop.example', 'bücher.example');

const URLS: readonly [string, boolean][] = [
  ['https://example.com', true],
  ['https://EXAMPLE.com:8443/a?b=c#d', true],
  ['https://xn--bcher-kva.example/', true],
  ['https://BÜCHER.example/', true],
  ['https://eu.shop.example/', true],
  ['https://a.b.shop.example/', true],
  // A name that only ends or begins like one of ours.
  ['https://evilexample.com/', false],
  ['https://example.com.evil.example/', false],
  ['https://www.example.com/', false],
  ['https://shop.example/', false],
  ['https://notshop.example/', false],
  ['https://example.com./', false],
  ['https://.shop.example/', false],
  ['https://a..shop.example/', false],
  // What programs read in different ways.
  ['https://example.com@evil.example/', false],
  ['https://evil.example\\@example.com/', false],
  ['https://evil.example#@example.com/', false],
  ['https://evil.example/?https://example.com', false],
  ['https:example.com', false],
  ['https:///example.com', false],
  ['//example.com', false],
  ['https://exa\tmple.com/', false],
  [' https://example.com/', false],
  ['https://ex%61mple.com/', false],
  ['https://ｅxample.com/', false],
  ['https://example。com/', false],
  ['https://exаmple.com/', false],
  ['https://example.com\u0000.evil.example/', false],
  ['https://example.com:99999/', false],
  ['ftp://example.com/', false],
  ['javascript:alert(1)//example.com', false],
  ['', false],
];

for (const [url, expected] of URLS) {
  test(`the URL ${JSON.stringify(url)} ${expected ? 'leads' : 'does not lead'} to one of ours`, () => {
    equal(leadsTo(OURS, url), expected);
  });
}

const ADDRESSES: readonly [string, boolean][] = [
  ['ada@example.com', true],
  ['ada.brandt+orders@Example.COM', true],
  ['ada@bücher.example', true],
  ['ada@eu.shop.example', true],
  ['ada@evilexample.com', false],
  ['ada@example.com.evil.example', false],
  ['ada@sub.example.com', false],
  ['ada@evil.example@example.com', false],
  ['"ada@evil.example"@example.com', false],
  ['ada@example.com, eve@evil.example', false],
  ['ada@evil.example,eve@example.com', false],
  ['Ada <ada@example.com>', false],
  ['eve@evil.example(@example.com', false],
  ['ada@example.com\nBcc: eve@evil.example', false],
  ['ada@[127.0.0.1]', false],
  ['@example.com', false],
  ['ada@', false],
  ['example.com', false],
];

for (const [address, expected] of ADDRESSES) {
  test(`the address ${JSON.stringify(address)} ${expected ? 'is' : 'is not'} at one of ours`, () => {
    equal(isMailTo(OURS, address), expected);
  });
}

test('an address of the network is its plain spelling alone', () => {
  deepEqual(
    ['http://127.0.0.1/', 'http://0x7f.1/', 'http://2130706433/', 'http://127.1/', 'http://[::1]/'].map(hostOf),
    ['127.0.0.1', undefined, undefined, undefined, undefined],
  );
});

test('names of other scripts are compared as punycode, so that a look-alike is another host', () => {
  equal(mailDomainOf('ada@exаmple.com'), 'xn--exmple-4nf.com');
  for (const relayed of ['eve%evil.example@example.com', 'evil.example!eve@example.com'])
    equal(mailDomainOf(relayed), undefined);
});

test('a list with a mistake is none, so that it stops the start', () => {
  for (const entry of [
    '',
    '*',
    '*.com',
    'example.com/',
    'https://example.com',
    'a b',
    '*.*.example.com',
    '.example.com',
  ]) {
    throws(() => destinations(entry), /is no host; write example\.com/, entry);
  }
});
