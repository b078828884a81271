import { ModuleBuilder } from "./assembler.js";
import { f32x4 } from "./instructions.js";

function moduleOf(body: (module: ModuleBuilder) => void): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  body(module);
  return module.encode();
}

let simd: boolean | undefined;
/** Whether the host compiles WebAssembly with 128-bit vectors; a page's security policy may forbid it. */
export function hasSimd(): boolean {
  if (simd === undefined) {
    try {
      const bytes = moduleOf((module) => module.procedure([], (f) => void f.let(f32x4.neg(f.f32(1)))));
      simd = new WebAssembly.Module(bytes) instanceof WebAssembly.Module;
    } catch {
      simd = false;
    }
  }
  return simd;
}

let relaxed: boolean | undefined;
/** Whether the host takes relaxed SIMD, whose multiply-add is one instruction (Node 22 and later, current browsers). */
export function hasRelaxedMadd(): boolean {
  relaxed ??= WebAssembly.validate(
    moduleOf((module) =>
      module.procedure([], (f) => void f.let(f32x4.relaxedMadd(f.f32(1), f.f32(1), f.f32(1)))),
    ),
  );
  return relaxed;
}
