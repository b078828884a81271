import type { DType } from "../../base/dtype.js";
import { buildExpression, type KernelBuilder, type Scalar } from "../../kernel/expression.js";
import { ConformanceFailure } from "./assertions.js";
import { elementsOf, ulps } from "./compare-programs.js";
import { access, ProgramBuilder, plain } from "./program-builder.js";
import { roundTo } from "./reference-scalars.js";
import type { Trial } from "./suite.js";

/** Units in the last place that a result may be off the double-precision value. */
const bounds: { readonly [D in "float32" | "float64"]: number } = { float32: 2.5, float64: 2 };

/** Applies one expression to columns of operands, and looks at the results. */
export async function applyTo(
  trial: Trial,
  operands: readonly { readonly dtype: DType; readonly values: readonly number[] }[],
  out: DType,
  body: (kernel: KernelBuilder, ...operands: Scalar[]) => Scalar,
  look: (got: readonly number[]) => void,
): Promise<void> {
  const builder = new ProgramBuilder();
  const n = operands[0].values.length;
  const reads = operands.map(({ dtype, values }) => plain(access(builder.buffer(dtype, values), [1])));
  const target = builder.buffer(out, n);
  const expression = buildExpression(
    operands.map(({ dtype }) => dtype),
    body,
  );
  const program = builder.program([
    { kind: "map", name: "apply", shape: [n], reads, expression, writes: [access(target, [1])] },
  ]);
  await trial.expectOutcome(program, (outcome) => look(elementsOf(outcome, target)));
}

/** Lists what is wrong, so that one failure shows all. */
export function expectClose(
  got: readonly number[],
  want: readonly number[],
  dtype: DType,
  describe: (i: number) => string,
  zeroSigns = true,
): void {
  const wrong: string[] = [];
  for (let i = 0; i < want.length; i++) {
    const w = want[i];
    let fine: boolean;
    if (dtype === "int32" || dtype === "bool") fine = got[i] === roundTo[dtype](w);
    else if (w === 0 && got[i] === 0) fine = !zeroSigns || Object.is(w, got[i]);
    else fine = ulps(got[i], w, dtype) <= bounds[dtype];
    if (!fine) wrong.push(`${describe(i)} is ${got[i]}, not ${w}`);
  }
  if (wrong.length === 0) return;
  throw new ConformanceFailure(
    `${wrong.length} of ${want.length} results`,
    wrong.slice(0, 20).join("\n            "),
    "what they are not",
  );
}
