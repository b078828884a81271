// How many cases the long checks draw: a sample in `npm test`; in full (TESTS=full) twenty times as many.

const { TESTS = "" } = process.env;
const factor = TESTS === "" ? 1 : TESTS === "full" ? 20 : Number(TESTS);
if (!Number.isInteger(factor) || factor < 1)
  throw new Error(
    `TESTS is ${JSON.stringify(TESTS)}: leave it out, or set it to "full" or to a factor such as 100`,
  );

/** How many cases a long check draws where a sample is `sample` cases. */
export const casesOf = (sample: number): number => factor * sample;

/** How long a test may take that draws {@link casesOf} cases. */
export const timeLimitMs: number = factor === 1 ? 60_000 : 60_000 * factor;
