// What a failure says, whatever was thrown. May import nothing.

export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
