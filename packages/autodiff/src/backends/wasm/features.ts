import { ModuleBuilder } from "./assembler.js";
import { f32x4 } from "./instructions.js";

const known = new Map<string, boolean>();
function validates(name: string, body: (module: ModuleBuilder) => void): boolean {
  let answer = known.get(name);
  if (answer === undefined) {
    const module = new ModuleBuilder();
    body(module);
    answer = typeof WebAssembly === "object" && WebAssembly.validate(module.encode());
    known.set(name, answer);
  }
  return answer;
}

/** Whether the host runs WebAssembly with 128-bit vectors. */
export const hasSimd = (): boolean =>
  validates("simd", (module) => module.procedure([], (f) => void f.let(f32x4.neg(f.f32(1)))));

/** Whether the host takes relaxed SIMD, whose multiply-add is one instruction (Node 22 and later, current browsers). */
export const hasRelaxedMadd = (): boolean =>
  validates("relaxed", (module) =>
    module.procedure([], (f) => void f.let(f32x4.relaxedMadd(f.f32(1), f.f32(1), f.f32(1)))),
  );
