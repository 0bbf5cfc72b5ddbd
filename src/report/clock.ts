// Time as an argument, so that tests need no waiting.

/** Returns the current time in milliseconds since the Unix epoch. */
export type Clock = () => number;

/** The system's clock. Only entry points name it; everything else is handed a Clock. */
export const systemClock: Clock = () => Date.now();
