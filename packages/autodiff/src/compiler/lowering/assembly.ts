import type { DType } from "../../base/dtype.js";
import { sizeOf } from "../../base/shape.js";
import type { Capabilities } from "../../kernel/backend.js";
import type { IndexRange, Spec } from "../../kernel/lowering.js";
import type { Buffer, Kernel, Role } from "../../kernel/program.js";
import { sizesOf, type Tensor } from "../../tensor/tensor.js";
import type { Node } from "../../trace/op.js";
import type { Block } from "./lower-block.js";
import { accessOf, type View, wholeView } from "./views.js";

/** What all blocks of a program share. */
export class Assembly {
  readonly buffers: Buffer[] = [];
  readonly capabilities: Capabilities;
  /** How many loops deep a buffer is written; 0 if left out. */
  readonly writtenAt: Map<Buffer, number> = new Map();
  /** Buffers that no run of the program writes: constants, and Variables that it only reads. */
  readonly constants: Set<Buffer> = new Set();
  /** Buffers made for one value of one block. */
  readonly temporaries: Set<Buffer> = new Set();
  /** Kernels that need to run only when a constant buffer has changed. */
  readonly setup: Kernel[] = [];
  /** Lowers a node with a body; it makes blocks of its own. */
  readonly control: (block: Block, node: Node) => void;
  constructor(capabilities: Capabilities, control: (block: Block, node: Node) => void) {
    this.capabilities = capabilities;
    this.control = control;
  }

  /** What the program checks by itself, by code. */
  readonly checks: IndexRange[] = [];
  private statusBuffer: Buffer | null = null;
  /** Where the program's checks report; made when there is one. */
  get status(): Buffer | null {
    return this.statusBuffer;
  }

  /** The kernel that checks the elements of a view. */
  checkKernel(view: View, range: IndexRange): Kernel {
    this.statusBuffer ??= this.buffer("status", "int32", 2, "output");
    const { size, wraps, ignored } = range;
    return {
      kind: "check",
      name: `check ${range.op}`,
      shape: view.shape,
      index: accessOf(view, view.strides),
      low: wraps ? -size : 0,
      high: size,
      ignored,
      code: this.checks.push(range),
      status: accessOf(wholeView(this.statusBuffer, [2]), []),
    };
  }

  buffer(
    name: string,
    dtype: DType,
    length: number,
    role: Role = "temporary",
    initial?: ArrayLike<number>,
  ): Buffer {
    const made: Buffer = {
      id: this.buffers.length,
      name,
      dtype,
      length,
      role,
      inPlaceOf: null,
      ...(initial === undefined ? {} : { initial }),
    };
    this.buffers.push(made);
    return made;
  }

  /** Room for a value of its own, written `depth` loops deep. */
  allocate(name: string, like: Spec | Tensor, depth = 0): View {
    const shape = sizesOf(like);
    const buffer = this.buffer(name, like.dtype, sizeOf(shape));
    this.temporaries.add(buffer);
    if (depth > 0) this.writtenAt.set(buffer, depth);
    return wholeView(buffer, shape);
  }
}
