import type { EagerRoutine } from "../backends/eager.js";
import type { Lowering, Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";

/** A symbolic zero is null, in both directions. */
export type Maybe<T> = T | null;

/** One application of an op: in a tape's list, or a node of a graph. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: unknown;
  readonly outputs: readonly Tensor[];
  /** The reverse rule of this very application, where the op prepared one (ops with a body). */
  readonly pullback?: Pullback | undefined;
  /** Where the user applied it; kept while anomalies are looked for. */
  readonly source?: string | undefined;
  /** What `op.lower` says of this node, once the compiler has asked. */
  lowering?: Lowering | null | undefined;
}

/** Cotangents of the inputs from cotangents of the outputs; what is not wanted may be null. */
export type Pullback = (
  node: Node,
  cotangents: readonly Maybe<Tensor>[],
  wanted: readonly boolean[],
) => readonly Maybe<Tensor>[];

/** What a derivative rule reads of a node, beside shapes and dtypes; the tape keeps nothing else. */
export interface Reads {
  readonly inputs: readonly boolean[] | boolean;
  readonly outputs: boolean;
}

/** An op with a body, made ready for its reverse derivative. */
export interface Prepared<A> {
  readonly attributes: A;
  readonly pullback: Pullback;
  /** Which inputs and outputs the pullback reads. */
  readonly reads: { readonly inputs: readonly boolean[]; readonly outputs: readonly boolean[] };
}

/** A function closed over nothing: whatever the traced function captured became an input. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Tensor[];
}

/** What a compiler makes of an op with a body. */
export type Structure =
  /** The body, once. `barrier`: no pass may merge its nodes with others' (checkpoint). */
  | { readonly kind: "inline"; readonly graph: Graph; readonly barrier: boolean }
  /** Body inputs: [constants, carries, one slice of each x]; outputs: [carries, one slice of each y]. */
  | {
      readonly kind: "loop";
      readonly body: Graph;
      readonly constants: number;
      readonly carries: number;
      readonly length: number;
      readonly reverse: boolean;
    }
  /** Input 0 is a bool scalar; both graphs take the other inputs. */
  | { readonly kind: "branch"; readonly whenTrue: Graph; readonly whenFalse: Graph }
  /** Inputs: [constants of the test, constants of the body, carries]. */
  | {
      readonly kind: "while";
      readonly test: Graph;
      readonly body: Graph;
      readonly testConstants: number;
      readonly bodyConstants: number;
    };

/** The graphs inside of a node: the bodies of a loop, a branch or a call. */
export function innerGraphs({ op, attributes }: Node): readonly Graph[] {
  const structure = op.structure?.(attributes);
  switch (structure?.kind) {
    case undefined:
      return [];
    case "inline":
      return [structure.graph];
    case "loop":
      return [structure.body];
    case "branch":
      return [structure.whenTrue, structure.whenFalse];
    case "while":
      return [structure.test, structure.body];
  }
}

/** Everything that Scope knows of one primitive operation; every transform, backend, printer and test reads it from here. */
export interface Op<A = unknown> {
  readonly name: string;
  /** Outputs are cheaper to compute again than to keep (views, fills, random bits). */
  readonly cheap?: boolean;
  /** Whether it may refuse its inputs: such a node stays, also where nobody reads what it gives. */
  effect?(attributes: A): boolean;
  /** Never merged with an equal node. */
  readonly opaque?: boolean;
  /** Shapes and dtypes of the outputs; public functions have already rejected bad input. */
  infer(inputs: readonly Tensor[], attributes: A): readonly Spec[];
  /** How backends carry it out; left out by ops with a body, which have `forward` and `structure`. */
  lower?(inputs: readonly Tensor[], attributes: A, outputs: readonly Spec[]): Lowering;
  /** The plain eager routine for what `lower` gives, unless that is a map, a view, a fill or a reduction, which are always there. */
  readonly eager?: EagerRoutine;
  /** Whether its `forward` takes tensors wherever their elements are, on the host or on a device; any other op computes on the host. */
  readonly anywhere?: boolean;
  /** Eager execution of an op with a body, or of one that only hands its inputs on. */
  forward?(inputs: readonly Tensor[], attributes: A, outputs: readonly Spec[]): readonly Tensor[];
  structure?(attributes: A): Structure;
  /** Rejects values that no shape can show (an index out of range) before an eager run. */
  check?(inputs: readonly Tensor[], attributes: A): void;
  readonly pullback: Pullback;
  pushforward(node: Node, tangents: readonly Maybe<Tensor>[]): readonly Maybe<Tensor>[];
  /** The op over inputs with a leading batch axis of size `n` where `batched` says so: outputs and whether each is batched. */
  batch(
    inputs: readonly Tensor[],
    batched: readonly boolean[],
    attributes: A,
    n: number,
  ): readonly [outputs: readonly Tensor[], batched: readonly boolean[]];
  /** What the derivative reads, when input `i` is watched; everything if left out. */
  reads?(watched: readonly boolean[], inputs: readonly Tensor[]): Reads;
  /** An op with a body: the same op with residual outputs added, and a pullback that reads them. */
  prepare?(attributes: A, active: readonly boolean[]): Prepared<A>;
  /** An op with a body: primal and tangent in one run, so that nothing is computed twice. */
  joint?(
    inputs: readonly Tensor[],
    attributes: A,
    tangents: readonly Maybe<Tensor>[],
  ): readonly [outputs: readonly Tensor[], tangents: readonly Maybe<Tensor>[]];
  /** Attributes as a short text for printing graphs, e.g. `axes=[0]`. */
  show?(attributes: A): string;
}
