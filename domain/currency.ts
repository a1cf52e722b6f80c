// The currencies of ISO 4217 and how many decimals each has. A table of our own: what a runtime's locale data says is how
// prices are shown (no decimals for HUF, IDR or IQD), not what the standard says. May import nothing.

// List One of 2024-06-25 and XCG of 2025, without metals and units of account, which have no minor unit. What was taken off
// the list since (ANG, BGN, CUC) stays: old records hold it.
const DECIMALS: readonly (readonly [decimals: number, currencies: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
    COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
];

const BY_CODE: ReadonlyMap<string, number> = new Map(
  DECIMALS.flatMap(([decimals, currencies]) => currencies.split(/\s+/).map((code) => [code, decimals] as const)),
);

/** How many decimals an amount of the currency has; undefined where ISO 4217 has no such currency. */
export const decimalsOf = (currency: string): number | undefined => BY_CODE.get(currency);
