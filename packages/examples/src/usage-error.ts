/** A mistake of the person at the terminal: shown as one line, exit code 2. */
export class UsageError extends Error {}
