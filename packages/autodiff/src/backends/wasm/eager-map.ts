import { bytesOf, type DType, type TypedArray } from "../../base/dtype.js";
import type { Expression } from "../../kernel/instruction.js";
import type { Access, Buffer, MapKernel } from "../../kernel/program.js";
import { CodeContext } from "./context.js";
import { hasRelaxedMadd } from "./features.js";
import { type Exports, instantiate } from "./instance.js";
import { i32 } from "./instructions.js";
import { expressionKey } from "./kernel-code.js";
import { mapCode } from "./map.js";

/** An operand of an elementwise map: `n` elements side by side, or one for all. */
export interface EagerOperand {
  readonly array: TypedArray;
  readonly offset: number;
  readonly scalar: boolean;
}
/** Where a result goes: `n` elements side by side. */
export interface EagerOutput {
  readonly array: TypedArray;
  readonly offset: number;
}

/** Elements of a block: operands and results of one stay in the second-level cache. */
const blockLength = 4096;
/** A last part is run in blocks of this length, what lies behind it thrown away. */
const shortLength = 256;
const blockBytes = blockLength * 8;
const pageBytes = 65536;

let memory: WebAssembly.Memory | undefined;
let views: { readonly [D in DType]: TypedArray } | undefined;
/** The scratch memory of all eager maps. */
function memoryOf(bytes: number): WebAssembly.Memory {
  memory ??= new WebAssembly.Memory({ initial: 4 });
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  if (views === undefined || views.bool.buffer !== memory.buffer) {
    const { buffer } = memory;
    views = {
      float32: new Float32Array(buffer),
      float64: new Float64Array(buffer),
      int32: new Int32Array(buffer),
      bool: new Uint8Array(buffer),
    };
  }
  return memory;
}

/** Where the blocks of one operand lie. */
interface Place {
  readonly buffer: Buffer;
  readonly dtype: DType;
  readonly address: number;
}

/** The code of one expression for one choice of scalar operands. */
class EagerMap {
  readonly #exports: Exports;
  readonly #memoryBytes: number;
  readonly #inputs: readonly Place[];
  readonly #outputs: readonly Place[];

  constructor(expression: Expression, scalars: readonly boolean[]) {
    const dtypes: DType[] = scalars.map(() => "float32");
    for (const node of expression.nodes) if (node.kind === "read") dtypes[node.index] = node.dtype;
    let id = 0;
    const place = (dtype: DType): Place => {
      const address = 64 + id * blockBytes;
      const name = `operand ${id}`;
      const buffer: Buffer = { id: id++, name, dtype, length: blockLength, role: "input", inPlaceOf: null };
      addresses.set(buffer, address);
      return { buffer, dtype, address };
    };
    const addresses = new Map<Buffer, number>();
    this.#inputs = dtypes.map(place);
    this.#outputs = expression.results.map((node) => place(expression.nodes[node].dtype));
    const access = ({ buffer }: Place, stride: number): Access => ({
      buffer,
      offset: 0,
      strides: [stride],
      steps: [],
    });
    const ctx = new CodeContext(64 + id * blockBytes, hasRelaxedMadd());
    for (const [name, length] of [
      ["block", blockLength],
      ["short", shortLength],
    ] as const) {
      const reads = this.#inputs.map(
        (of, i) => ({ kind: "plain", at: access(of, scalars[i] ? 0 : 1) }) as const,
      );
      const writes = this.#outputs.map((of) => access(of, 1));
      const kernel: MapKernel = { kind: "map", name, shape: [length], reads, expression, writes };
      const code = mapCode(ctx, kernel, false);
      if (code === null) continue;
      // The short block starts where the caller says, in elements.
      const run = ctx.module.procedure(["i32"], (f) => {
        const start = f.parameter(0);
        const moved = ({ buffer: of, strides }: Access) =>
          i32.add(
            i32.const(addresses.get(of) ?? 0),
            i32.mul(start, i32.const(strides[0] * bytesOf[of.dtype])),
          );
        f.run(code.routine, ...code.operands(moved));
      });
      ctx.module.export(name, run);
    }
    this.#memoryBytes = ctx.memoryBytes;
    this.#exports = instantiate(
      { bytes: ctx.module.encode(), imports: ctx.module.imports },
      memoryOf(ctx.memoryBytes),
    );
  }

  run(operands: readonly EagerOperand[], n: number, outputs: readonly EagerOutput[]): void {
    memoryOf(this.#memoryBytes);
    const at = views;
    if (at === undefined) return;
    for (const [i, { array, offset, scalar }] of operands.entries()) {
      const { dtype, address } = this.#inputs[i];
      if (scalar) at[dtype][address / bytesOf[dtype]] = array[offset];
    }
    for (let start = 0; start < n; start += blockLength) {
      const length = Math.min(blockLength, n - start);
      for (const [i, { array, offset, scalar }] of operands.entries()) {
        if (scalar) continue;
        const { dtype, address } = this.#inputs[i];
        const from = offset + start;
        at[dtype].set(array.subarray(from, from + length), address / bytesOf[dtype]);
      }
      if (length > blockLength - shortLength) this.#exports.block(0);
      else for (let part = 0; part < length; part += shortLength) this.#exports.short(part);
      for (const [i, { array, offset }] of outputs.entries()) {
        const { dtype, address } = this.#outputs[i];
        const from = address / bytesOf[dtype];
        array.set(at[dtype].subarray(from, from + length), offset + start);
      }
    }
  }
}

const byIdentity = new WeakMap<Expression, Map<string, EagerMap>>();
const byForm = new Map<string, EagerMap>();
/** Evaluates an expression (without `index` nodes) on `n` elements of each operand at the speed of compiled code, through a scratch memory. */
export function runMapInWasm(
  expression: Expression,
  operands: readonly EagerOperand[],
  n: number,
  outputs: readonly EagerOutput[],
): void {
  let scalars = "";
  for (const { scalar } of operands) scalars += scalar ? "s" : "v";
  let known = byIdentity.get(expression);
  if (known === undefined) {
    known = new Map();
    byIdentity.set(expression, known);
  }
  let map = known.get(scalars);
  if (map === undefined) {
    const form = `${scalars} ${expressionKey(expression)}`;
    map =
      byForm.get(form) ??
      new EagerMap(
        expression,
        operands.map(({ scalar }) => scalar),
      );
    byForm.set(form, map);
    known.set(scalars, map);
  }
  map.run(operands, n, outputs);
}
