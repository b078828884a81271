import { buildExpression } from "../../kernel/expression.js";
import { applyTo, expectClose } from "./apply-instruction.js";
import { demandNumbers } from "./assertions.js";
import { elementsOf } from "./compare-programs.js";
import { access, ProgramBuilder, plain } from "./program-builder.js";
import type { Suite } from "./suite.js";

const floats = ["float32", "float64"] as const;

const binaryValues = [
  ["mod", -7, 3, 2],
  ["mod", 7, -3, -2],
  ["mod", -0.5, 1, 0.5],
  ["mod", 5, Infinity, 5],
  ["mod", -5, Infinity, Infinity],
  ["mod", 1, 0, Number.NaN],
  ["mod", -6, 3, 0],
  ["mod", 6, -3, -0],
  ["pow", 1, Number.NaN, 1],
  ["pow", Number.NaN, 0, 1],
  ["pow", -1, Infinity, 1],
  ["pow", -8, 3, -512],
  ["pow", -8, 0.5, Number.NaN],
  ["pow", 0, -1, Infinity],
  ["pow", -0, -1, -Infinity],
  ["max", Number.NaN, 1, Number.NaN],
  ["max", 1, Number.NaN, Number.NaN],
  ["min", Number.NaN, 1, Number.NaN],
  ["min", 1, Number.NaN, Number.NaN],
  ["div", 1, -0, -Infinity],
  ["atan2", 0, -1, Math.PI],
  ["atan2", -0, 1, -0],
] as const;

const unaryValues = [
  ["round", 0.5, 0],
  ["round", 1.5, 2],
  ["round", 2.5, 2],
  ["round", -0.5, -0],
  ["round", -2.5, -2],
  ["round", -0.2, -0],
  ["sign", -0, -0],
  ["sign", -3, -1],
  ["sign", Number.NaN, Number.NaN],
  ["exp", -Infinity, 0],
  ["exp", Infinity, Infinity],
  ["tanh", Infinity, 1],
  ["tanh", -0, -0],
  ["sigmoid", -Infinity, 0],
  ["sigmoid", Infinity, 1],
  ["sigmoid", 0, 0.5],
  ["erf", -Infinity, -1],
  ["erf", -0, -0],
  ["log", 0, -Infinity],
  ["log", -1, Number.NaN],
  ["log1p", -1, -Infinity],
  ["sqrt", -0, -0],
  ["sqrt", -1, Number.NaN],
  ["expm1", -0, -0],
  ["atanh", 1, Infinity],
  ["acosh", 0.5, Number.NaN],
] as const;

/** What instructions make of zeros of both signs, infinities, NaN, and subnormal numbers. */
export function specialValueConformance(suite: Suite): void {
  for (const dtype of floats) {
    suite.add(`exact values of binary instructions in ${dtype}`, [dtype], async (trial) => {
      for (const [name, x, y, want] of binaryValues) {
        await applyTo(
          trial,
          [
            { dtype, values: [x] },
            { dtype, values: [y] },
          ],
          dtype,
          (kernel, a, b) => kernel[name](a, b),
          (got) => expectClose(got, [want], dtype, () => `${name}(${x}, ${y})`),
        );
      }
    });
    suite.add(`exact values of unary instructions in ${dtype}`, [dtype], async (trial) => {
      for (const [name, x, want] of unaryValues) {
        await applyTo(
          trial,
          [{ dtype, values: [x] }],
          dtype,
          (kernel, a) => kernel[name](a),
          (got) => expectClose(got, [want], dtype, () => `${name}(${x})`),
        );
      }
    });
  }

  suite.add("flushes subnormal float32 results when asked, and only then", ["float32"], async (trial) => {
    const values = [2 ** -126, 2 ** -127, -(2 ** -130), 2 ** -149, 1, 0, -(2 ** -126), Number.NaN, Infinity];
    for (const flush of [false, true]) {
      const b = new ProgramBuilder();
      const target = b.buffer("float32", values.length);
      const twice = b.buffer(
        "float32",
        values.map((x) => x * 2),
      );
      const expression = buildExpression(["float32"], (kernel, x) =>
        kernel.mul(x, kernel.constant(0.5, "float32")),
      );
      const shape = [values.length];
      const reads = [plain(access(twice, [1]))];
      const program = b.program(
        [{ kind: "map", name: "halve", shape, reads, expression, writes: [access(target, [1])] }],
        flush,
      );
      // The sign of a zero that was flushed is open.
      const want = values.map((x) => (flush && Math.abs(x) < 2 ** -126 ? 0 : x + 0));
      await trial.expectOutcome(program, (outcome) =>
        demandNumbers(
          `flushSubnormals: ${flush}`,
          elementsOf(outcome, target).map((x) => x + 0),
          want,
        ),
      );
    }
  });
}
