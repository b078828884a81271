import type { Lowering } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Node } from "../trace/op.js";
import { loweringOf, onlyInstruction, type Rule, type Surroundings } from "./rewrite.js";

/** The values that a pattern found, by the names it gives them. */
export type Found<N extends string> = { readonly [name in N]: Tensor };

/** The form of a value and of what it is made from. `N` are the names under which parts of it are found. */
export interface Pattern<N extends string> {
  /** Calls `then` with what is named in `found` if the value has the form; null if it has not, or if no way to see it so satisfies `then`. */
  match(
    t: Tensor,
    around: Surroundings,
    found: { [name in N]?: Tensor },
    then: () => Tensor | null,
  ): Tensor | null;
}

/** Any value, under a name. */
export const any = <N extends string>(name: N): Pattern<N> => ({
  match(t, _around, found, then) {
    found[name] = t;
    return then();
  },
});

/** A value of some form, itself under a name. */
export const named = <N extends string, P extends string>(name: N, pattern: Pattern<P>): Pattern<N | P> => ({
  match(t, around, found, then) {
    found[name] = t;
    return pattern.match(t, around, found, then);
  },
});

/** A value that nobody else reads. */
export const once = <N extends string>(pattern: Pattern<N>): Pattern<N> => ({
  match: (t, around, found, then) => (around.uses(t) === 1 ? pattern.match(t, around, found, then) : null),
});

/** The only output of a node that is carried out in a given way, from operands of given forms. */
export const made = <N extends string>(
  how: (lowering: Lowering, node: Node) => boolean,
  ...operands: readonly Pattern<N>[]
): Pattern<N> => ({
  match(t, around, found, then) {
    const inputs = madeFrom(t, around, how);
    if (inputs?.length !== operands.length) return null;
    const from = (i: number): Tensor | null =>
      i === operands.length ? then() : operands[i].match(inputs[i], around, found, () => from(i + 1));
    return from(0);
  },
});

/** The inputs of the node whose only output a value is, if it is carried out in a given way. */
function madeFrom(
  t: Tensor,
  around: Surroundings,
  how: (lowering: Lowering, node: Node) => boolean,
): readonly Tensor[] | null {
  const node = around.maker(t);
  const lowering = node === undefined ? null : loweringOf(node);
  if (node === undefined || lowering === null || node.outputs.length !== 1) return null;
  return how(lowering, node) ? node.inputs : null;
}

/** Whether a lowering is a single scalar instruction. */
export const isInstruction = (lowering: Lowering, name: string): boolean =>
  lowering.kind === "map" && onlyInstruction(lowering.expression) === name;

/** A sum of two values, in either order. */
export function plus<A extends string, B extends string>(a: Pattern<A>, b: Pattern<B>): Pattern<A | B> {
  const isSum = (lowering: Lowering): boolean => isInstruction(lowering, "add");
  return {
    match(t, around, found, then) {
      const terms = madeFrom(t, around, isSum);
      if (terms === null) return null;
      const inOrder = (one: Tensor, other: Tensor): Tensor | null =>
        a.match(one, around, found, () => b.match(other, around, found, then));
      return inOrder(terms[0], terms[1]) ?? inOrder(terms[1], terms[0]);
    },
  };
}

/** A product of matrices, started from zero. */
export const product = <A extends string, B extends string>(a: Pattern<A>, b: Pattern<B>): Pattern<A | B> =>
  made<A | B>((lowering) => lowering.kind === "gemm" && lowering.onto === undefined, a, b);

/** Rewrites each value that has a form; `replacement` may still refuse, and gives null then. */
export const rule =
  <N extends string>(
    pattern: Pattern<N>,
    replacement: (found: Found<N>, out: Tensor, around: Surroundings) => Tensor | null,
  ): Rule =>
  (node, around) => {
    const [out] = node.outputs;
    // A match has bound every name of the pattern.
    const found: { [name in N]?: Tensor } = {};
    const now = pattern.match(out, around, found, () => replacement(found as Found<N>, out, around));
    return now === null ? null : [now];
  };

/** The first of some rules that has something to say. */
export const firstOf =
  (...rules: readonly Rule[]): Rule =>
  (node, around) => {
    for (const one of rules) {
      const now = one(node, around);
      if (now !== null) return now;
    }
    return null;
  };
