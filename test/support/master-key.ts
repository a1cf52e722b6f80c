// The master key of stores under test: what is said lies in them as it does in production.

/** 32 bytes, base64. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
