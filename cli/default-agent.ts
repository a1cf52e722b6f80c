// Whom a chat is with where nobody says: the reference agent that a first start has. May import nothing.
export const DEFAULT_AGENT = 'support-desk';
