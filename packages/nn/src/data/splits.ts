import { checkList, checkNumber, show } from "@scope/autodiff/checks";
import { ValueError } from "@scope/autodiff/functions";
import { commonLength, mapTree, takeRows } from "./tensor-tree.js";

/** One part for each cut, and the rest. */
export type Parts<T, Cuts extends readonly number[]> = [...{ -readonly [K in keyof Cuts]: T }, T];

/** Cuts data at points in time, in order and without shuffling, so that what is tested on lies after what is trained on.
 * Windows that overlap a cut share days with both sides: split the series first, or split windows by the time of their targets.
 * @param data - a tensor, or arrays and plain objects of tensors, with time on the first axis
 * @param cuts - rising whole numbers: the first entry of each later part; or fractions between 0 and 1 of the whole
 * @returns one more part than there are cuts
 * @throws {@link ValueError} if a cut leaves a part empty
 * @example
 * splitInTime(tensor([1, 2, 3, 4, 5]), [3, 4]).map((part) => part.toArray()) // => [[1, 2, 3], [4], [5]]
 * splitInTime(tensor([1, 2, 3, 4]), [0.5]).map((part) => part.toArray()) // => [[1, 2], [3, 4]]
 */
export function splitInTime<T, const Cuts extends readonly number[]>(data: T, cuts: Cuts): Parts<T, Cuts> {
  checkList("splitInTime", "cuts", cuts, "an array of whole numbers, or of fractions between 0 and 1");
  for (const cut of cuts) checkNumber("splitInTime", "each cut", cut, 0);
  const length = commonLength("splitInTime", data);
  const fractions = cuts.every((cut) => cut > 0 && cut < 1);
  const edges = [0, ...cuts.map((cut) => (fractions ? Math.round(cut * length) : cut)), length];
  if (!edges.every((edge, i) => Number.isInteger(edge) && (i === 0 || edge > edges[i - 1]))) {
    throw new ValueError({
      code: "data/cuts",
      op: "splitInTime",
      problem: "the cuts do not leave something in every part.",
      got: `cuts ${show(cuts)} of ${length} entries`,
      expected: `rising whole numbers from 1 to ${length - 1}, or rising fractions between 0 and 1`,
      mend: "give the index of the first entry of each later part",
    });
  }
  const parts = edges.slice(1).map((end, part) => {
    const start = edges[part];
    const rows = Int32Array.from({ length: end - start }, (_, i) => start + i);
    return mapTree("splitInTime", data, (leaf) => takeRows(leaf, rows));
  });
  // As many as there are cuts, and one more.
  return parts as Parts<T, Cuts>;
}
