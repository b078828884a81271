import { Tensor } from "@scope/autodiff/functions";
import { ModuleError } from "../errors.js";
import { kindOf } from "../option-checks.js";
import { placeError } from "./error-place.js";
import { Module } from "./module.js";

/** A module that makes one tensor of one tensor. */
export type Layer = Module & {
  /** What the layer makes of its input. */
  forward(x: Tensor): Tensor;
};

/** Layers and plain functions, one after the other; names are positions (`0.weight`), functions counted.
 * @example
 * const mlp = new Sequential(new Linear(3, 4), tanh, new Linear(4, 2))
 * mlp.forward(zeros([5, 3])).shape // => [5, 2]
 * mlp.namedParameters().map(([name]) => name) // => ["0.weight", "0.bias", "2.weight", "2.bias"]
 */
export class Sequential extends Module {
  /** @internal Written out: a minifier renames classes. */
  static override get name(): string {
    return "Sequential";
  }

  /** What is applied, in this order. */
  readonly layers: readonly (Layer | ((x: Tensor) => Tensor))[];

  /** @param layers - modules with `forward(x)`, and functions of a tensor
   * @throws {@link ModuleError} if one is neither */
  constructor(...layers: readonly (Layer | ((x: Tensor) => Tensor))[]) {
    super();
    layers.forEach((layer: unknown, index) => {
      if (typeof layer === "function") return;
      if (layer instanceof Module && "forward" in layer && typeof layer.forward === "function") return;
      throw new ModuleError({
        code: "module/layer",
        op: "Sequential",
        problem: "a layer is neither a module with forward(x) nor a function.",
        got: `layer ${index}: ${layer === null ? "null" : typeof layer}`,
        expected: "modules with forward(x), and functions of one tensor",
        mend: "wrap it in a function: (x) => lstm.forward(x)[0]",
      });
    });
    this.layers = layers;
  }

  protected override nameInState(path: string): string {
    return path.replace(/^layers\./, "");
  }

  /** Applies every layer to the result of the one before. An error says in which layer it arose. */
  forward(x: Tensor): Tensor {
    return this.layers.reduce((now, layer, index) => {
      try {
        const made: unknown = typeof layer === "function" ? layer(now) : layer.forward(now);
        if (made instanceof Tensor) return made;
        throw new ModuleError({
          code: "module/result",
          op: "Sequential",
          problem: "a layer did not make one tensor.",
          got: `layer ${index}${typeof layer === "function" ? "" : ` (${layer.constructor.name})`}: ${Array.isArray(made) ? `[${made.map((part) => (part instanceof Tensor ? "a tensor" : kindOf(part))).join(", ")}]` : kindOf(made)}`,
          expected: "one tensor, which goes to the next layer",
          mend: Array.isArray(made)
            ? "take the outputs alone: (x) => lstm.forward(x)[0] in its place, with lstm in a property of a Module, which lists its parameters"
            : "return a tensor from it",
        });
      } catch (error) {
        placeError(error, String(index), this);
        throw error;
      }
    }, x);
  }
}
