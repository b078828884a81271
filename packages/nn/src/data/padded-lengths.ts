import { checkCount } from "@scope/autodiff/checks";
import { ValueError } from "@scope/autodiff/functions";

/** The most lengths among which is chosen: of more, neighbours are taken together. */
const mostCandidates = 400;

/** Rounds the longest sequence of each batch up to one of a few lengths, each of which is a program of its own in compiled code.
 * @param longest - of each batch, in rising order
 * @param wanted - how many lengths there may be, or which
 * @param lastIsSmaller - whether the last batch has fewer sequences: it is a shape, and so a program, of its own in any case */
export function paddedLengths(
  op: string,
  longest: readonly number[],
  wanted: number | readonly number[],
  lastIsSmaller: boolean,
): number[] {
  const most = longest[longest.length - 1];
  if (typeof wanted !== "number") {
    checkLengths(op, wanted, most);
    return longest.map((length) => wanted.find((each) => each >= length) ?? most);
  }
  checkCount(op, "paddedLengths", wanted);
  const whole = lastIsSmaller ? longest.slice(0, -1) : longest;
  if (whole.length === 0 || wanted === 1) return longest.map(() => most);
  const chosen = fewestPadding(whole, lastIsSmaller ? Math.max(wanted - 1, 1) : wanted);
  return longest.map((length) => chosen.find((each) => each >= length) ?? most);
}

function checkLengths(op: string, lengths: unknown, most: number): void {
  const isRising =
    Array.isArray(lengths) &&
    lengths.length > 0 &&
    lengths.every((each, k) => Number.isInteger(each) && each > (k === 0 ? 0 : lengths[k - 1]));
  if (isRising && lengths[lengths.length - 1] >= most) return;
  throw new ValueError({
    code: "data/padded-lengths",
    op,
    problem: "the padded lengths do not hold every sequence.",
    got: Array.isArray(lengths) ? `paddedLengths: [${lengths.slice(0, 8).join(", ")}]` : typeof lengths,
    expected: `rising whole numbers, the last at least ${most}, or how many there may be`,
    mend: `paddedLengths: 4, or lengths that end with ${most}`,
  });
}

/** The lengths, at most `count`, to which rounding up adds least: of the lengths that occur, by dynamic programming. */
function fewestPadding(lengths: readonly number[], count: number): number[] {
  const values: number[] = [];
  const counts: number[] = [];
  const stride = Math.ceil(new Set(lengths).size / mostCandidates);
  let distinct = 0;
  lengths.forEach((length, k) => {
    if (k > 0 && length === lengths[k - 1]) counts[counts.length - 1]++;
    else if (distinct++ % stride === 0) {
      values.push(length);
      counts.push(1);
    } else {
      values[values.length - 1] = length;
      counts[counts.length - 1]++;
    }
  });
  const n = values.length;
  if (n <= count) return values;
  // best[j]: the least padding of the first j lengths with as many of them chosen as rounds so far; from[round][j]: where the last one's share begins.
  let best = Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : Number.POSITIVE_INFINITY));
  const from: number[][] = [];
  for (let round = 0; round < count; round++) {
    const next = new Array<number>(n + 1).fill(Number.POSITIVE_INFINITY);
    const starts = new Array<number>(n + 1).fill(0);
    for (let j = 1; j <= n; j++) {
      let padding = 0;
      for (let i = j - 1; i >= 0; i--) {
        padding += counts[i] * (values[j - 1] - values[i]);
        if (best[i] + padding >= next[j]) continue;
        next[j] = best[i] + padding;
        starts[j] = i;
      }
    }
    best = next;
    from.push(starts);
  }
  const chosen: number[] = [];
  for (let round = count - 1, j = n; round >= 0 && j > 0; round--) {
    chosen.unshift(values[j - 1]);
    j = from[round][j];
  }
  return chosen;
}
