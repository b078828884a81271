import { TreeError } from "../base/errors.js";
import { describe } from "../base/show.js";

/** Throws if there are arguments too many, which plain JavaScript would leave out in silence. */
export function checkNoMore(op: string, more: readonly unknown[], mend: string): void {
  if (more.length === 0) return;
  throw new TreeError({
    code: "tree/arguments",
    op,
    problem: "there are arguments too many.",
    got: more.map(describe).slice(0, 5).join(", "),
    expected: "the function alone, or with the options of the documentation",
    mend,
  });
}

/** What the derivative is taken by, where others let one choose. */
export const firstArgument =
  "derivatives are by the first argument: put it first, or take one object of several: (p) => f(p.x, p.y)";
