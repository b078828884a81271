import { expect, test } from "vitest";
import { compile } from "../../src/compiler/compile.js";
import { Instance } from "../../src/compiler/instance.js";
import { add, sum, type Tensor, tensor, Variable, zeros } from "../../src/index.js";
import { backends } from "./agreement.js";
import { collected } from "./collected.js";
import { hostMemory } from "./host-memory.js";

// Programs are garbage-collected: nobody needs to dispose of them.

/** Weak references to the memories of the programs that run in `f`. */
function memoriesOf(f: () => void): WeakRef<ArrayBufferLike>[] {
  const found: WeakRef<ArrayBufferLike>[] = [];
  const run = Instance.prototype.run;
  // By hand: a mock would keep every Instance that it saw.
  Instance.prototype.run = function (this: Instance, inputs) {
    found.push(new WeakRef(hostMemory(this)));
    return run.call(this, inputs);
  };
  try {
    f();
  } finally {
    Instance.prototype.run = run;
  }
  return found;
}

test.each(backends)("a program that nobody can call gives its memory back (%s)", async (backend) => {
  const [memory] = memoriesOf(() => {
    compile((x: Tensor) => sum(add(x, 1)), { backend })(zeros([1000]));
  });
  expect(await collected(() => memory.deref() === undefined)).toBe(true);
});

test.each(backends)(
  "Variables that lived in it keep their values, and not its memory (%s)",
  async (backend) => {
    const v = new Variable(tensor([1, 2]));
    const [memory] = memoriesOf(() => {
      const f = compile(
        (x: Tensor) => {
          v.value = add(v.value, x);
          return v.value;
        },
        { backend },
      );
      f(tensor([1, 1]));
      f(tensor([1, 1]));
    });
    expect(await collected(() => memory.deref() === undefined)).toBe(true);
    expect(v.value.toArray()).toEqual([3, 4]);
  },
);

test("what is disposed of goes while the function stays", async () => {
  const f = compile((x: Tensor) => sum(x));
  const [memory] = memoriesOf(() => f(zeros([1000])));
  f.dispose();
  expect(await collected(() => memory.deref() === undefined)).toBe(true);
  expect(f(tensor([1, 2])).item()).toBe(3);
});
