/** A block of a page, ```text of EXPRESSION, that shows what the expression prints after the code above it; `…` at its end stands for more. */
export interface OutputBlock {
  /** Line of its fence, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
}

const more = "…";
const linesOf = (text: string): string[] => text.trimEnd().split("\n");

/** A line without what differs from run to run, or from one engine to another: times, shares, and the size of generated code. */
function lasting(line: string): string {
  const row = /^(\S.*\S) +(\d+) +[\d.]+ +[\d.]+$/.exec(line);
  return row ? `${row[1]} ${row[2]}` : line.replace(/[\d.]+ (ms|kB of code)/g, "# $1");
}

/** Whether a block shows what was printed. Lines that hold times may stand in any order, because they are sorted by them. */
export function showsWhatIsPrinted(shown: readonly string[], printed: readonly string[]): boolean {
  const cut = shown.at(-1) === more;
  const wanted = shown.slice(0, cut ? -1 : undefined).map(lasting);
  const found = printed.map(lasting);
  if (cut ? wanted.length > found.length : wanted.length !== found.length) return false;
  const inPlace = (line: string, i: number): boolean => line === found[i];
  const timed = (line: string): boolean => printed.some((each, k) => found[k] === line && each !== line);
  return wanted.every((line, i) => (timed(line) ? found.includes(line) : inPlace(line, i)));
}

/** The page as it should be: blocks that show something else than what was printed are written anew. */
export function pageWithOutputs(
  page: string,
  outputs: readonly OutputBlock[],
  printed: readonly string[],
): string {
  const lines = page.split("\n");
  for (const [i, { line, lines: shown }] of [...outputs.entries()].reverse()) {
    const now = linesOf(printed[i]);
    if (showsWhatIsPrinted(shown, now)) continue;
    const kept = shown.at(-1) === more ? [...now.slice(0, shown.length - 1), more] : now;
    lines.splice(line, shown.length, ...kept);
  }
  return lines.join("\n");
}
