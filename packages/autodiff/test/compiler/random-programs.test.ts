import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import { type Tensor, vjp, vmap } from "../../src/index.js";
import { seeds } from "../../src/testing/arbitraries.js";
import { weightsFor } from "../../src/testing/scalar-function.js";
import { casesOf } from "../repository/case-counts.js";
import { backends, compiledIsEager, countRuns, expectSame, gradientOf } from "./agreement.js";
import { randomInputs, randomProgram, randomVariables } from "./random-programs.js";

// Random programs give compiled what they give eagerly: on both backends, in both float dtypes.

const runs = casesOf(60);
const drawn = fc.tuple(
  seeds(),
  fc.integer({ min: 1, max: 12 }),
  fc.constantFrom("float64" as const, "float32" as const),
);
/** Programs go through numbers of about this size, and differences of them may be all that is left. */
const least = 1;

test("values", () => {
  fc.assert(
    fc.property(drawn, ([seed, steps, dtype]) => {
      const f = randomProgram(seed, { steps, dtype, differentiable: false, variables: [] });
      compiledIsEager(f, randomInputs(seed, dtype), `values, seed ${seed}, ${steps} steps`, undefined, least);
    }),
    { numRuns: 2 * runs },
  );
});

test("gradients", () => {
  fc.assert(
    fc.property(drawn, ([seed, steps, dtype]) => {
      const f = randomProgram(seed, { steps, dtype, differentiable: true, variables: [] });
      compiledIsEager(
        gradientOf(f),
        randomInputs(seed, dtype),
        `gradients, seed ${seed}, ${steps} steps`,
        undefined,
        least,
      );
    }),
    { numRuns: 2 * runs },
  );
});

test("second order", () => {
  fc.assert(
    fc.property(seeds(), fc.integer({ min: 1, max: 6 }), (seed, steps) => {
      const f = randomProgram(seed, { steps, dtype: "float64", differentiable: true, variables: [] });
      const inputs = randomInputs(seed, "float64");
      compiledIsEager(
        gradientOf(gradientOf(f), 1),
        inputs,
        `second order, seed ${seed}, ${steps} steps`,
        1e-11,
        least,
      );
    }),
    { numRuns: runs },
  );
});

test("gradients through a compiled function, and a batch of it", () => {
  fc.assert(
    fc.property(seeds(), fc.integer({ min: 1, max: 8 }), (seed, steps) => {
      const f = randomProgram(seed, { steps, dtype: "float64", differentiable: true, variables: [] });
      const inputs = randomInputs(seed, "float64");
      const what = `through compile, seed ${seed}, ${steps} steps`;
      const want = gradientOf(f)(inputs);
      const wantBatch = vmap((x: Tensor) => f([x, ...inputs.slice(1)]))(doubled(inputs[0]));
      for (const backend of backends) {
        const compiled = compile((...all: Tensor[]) => f(all), { backend });
        const ran = countRuns(() => {
          expectSame(
            gradientOf((all) => compiled(...all))(inputs),
            want,
            `${what}, ${backend}`,
            undefined,
            least,
          );
          const batch = vmap((x: Tensor) => compiled(x, ...inputs.slice(1)))(doubled(inputs[0]));
          expectSame(batch, wantBatch, `batch ${what}, ${backend}`, undefined, least);
        });
        expect(ran).toBeGreaterThan(0);
      }
    }),
    { numRuns: runs },
  );
});
const doubled = (x: Tensor): Tensor =>
  vmap((k: Tensor) => x.mul(k))(
    weightsFor([x.reshape([x.size])], 3)[0]
      .slice([[0, 1]])
      .reshape([1]),
  );

test("Variables read and assigned, in loops too", () => {
  fc.assert(
    fc.property(drawn, ([seed, steps, dtype]) => {
      const what = `Variables, seed ${seed}, ${steps} steps`;
      const inputs = randomInputs(seed, dtype);
      const eager = randomVariables(seed, dtype);
      const run = (variables: typeof eager): ((...all: Tensor[]) => Tensor[]) => {
        const f = randomProgram(seed, { steps: 2 * steps, dtype, differentiable: true, variables });
        return (...all) => {
          const [value, pullback] = vjp((x: Tensor) => f([x, ...all.slice(1)]), all[0]);
          return [...value, ...pullback(weightsFor(value, 5).map((w, i) => w.cast(value[i].dtype)))];
        };
      };
      const plain = run(eager);
      const wanted = [1, 2, 3].map(() => ({
        results: plain(...inputs),
        variables: eager.map((v) => v.value),
      }));
      for (const backend of backends) {
        const variables = randomVariables(seed, dtype);
        const compiled = compile(run(variables), { backend });
        const ran = countRuns(() => {
          wanted.forEach((want, i) => {
            expectSame(compiled(...inputs), want.results, `${what}, ${backend}, run ${i}`, undefined, least);
            // The last time only: values stay in the program's memory in between.
            if (i !== 1)
              expectSame(
                variables.map((v) => v.value),
                want.variables,
                `${what}, ${backend}, after run ${i}`,
                undefined,
                least,
              );
          });
        });
        expect(ran).toBe(3);
      }
    }),
    { numRuns: 2 * runs },
  );
});
