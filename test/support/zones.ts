// A time zone in which it is early in the day, whenever a test runs: no day turns under it by accident.

// 6 o'clock: the whole of a test before noon.
const HOUR = 6;

/** Of the IANA database, whose signs are the other way round: Etc/GMT-8 is eight hours ahead. */
export function morningZone(nowMs: number = Date.now()): string {
  const ahead = ((HOUR - new Date(nowMs).getUTCHours() + 36) % 24) - 12;
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}
