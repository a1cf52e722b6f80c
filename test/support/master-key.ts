// The master key of stores under test: what is said lies in them as it does in production.

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

/** 32 bytes, base64. */
export const MASTER_KEY = keyOf(7);
/** Others, for when it is changed. */
export const [NEW_MASTER_KEY, NEWEST_MASTER_KEY] = [keyOf(8), keyOf(9)] as const;
