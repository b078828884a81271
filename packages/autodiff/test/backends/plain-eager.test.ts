import { expect, test } from "vitest";
import { setEagerBackend } from "../../src/backends/eager.js";
import { javascriptEager } from "../../src/backends/javascript/eager.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { seededRandom } from "../../src/testing/seeded-random.js";
import { apply } from "../../src/trace/apply.js";
import { isElementwise } from "../ops/laws.js";
import { opModules, opTable } from "../ops/op-table.js";

// The functions-only entry has no table of routines: each op has to bring its own along.

function plainly<T>(action: () => T): T {
  const before = setEagerBackend(javascriptEager);
  try {
    return action();
  } finally {
    setEagerBackend(before);
  }
}

test.each(opTable(opModules).entries)("$name runs without a table of routines", ({ op, samples }) => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = seededRandom(seed);
    let inputs: readonly Tensor[];
    let attributes: unknown = null;
    if (isElementwise(samples)) {
      const shape = random.shape();
      const dtypes = samples.dtypes ?? [];
      inputs = samples.domain.map((intervals, i) => random.tensor(shape, intervals, dtypes[i] ?? "float64"));
    } else ({ inputs, attributes } = samples.draw(random));
    const values = (outputs: readonly Tensor[]): unknown => outputs.map((t) => t.toArray());
    expect(plainly(() => values(apply(op, inputs, attributes)))).toEqual(
      values(apply(op, inputs, attributes)),
    );
  }
});
