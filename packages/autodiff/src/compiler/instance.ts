import type { TypedArray } from "../base/dtype.js";
import { CompileError } from "../base/errors.js";
import { rowMajor } from "../base/shape.js";
import type { Backend, Executable, Profile } from "../kernel/backend.js";
import type { Spec } from "../kernel/lowering.js";
import { planMemory, tooLarge } from "../kernel/plan-memory.js";
import type { Program } from "../kernel/program.js";
import { refusalOf } from "../kernel/refusal.js";
import { indexError } from "../ops/indices.js";
import { allocate, contiguousArray, copyStrided, leaked, type Tensor } from "../tensor/tensor.js";
import type { Graph } from "../trace/op.js";
import type { Residence, Variable } from "../trace/variable.js";
import { HostChecks } from "./host-checks.js";
import { type Built, buildProgram } from "./lowering/build-program.js";
import { optimize, type Report } from "./pipeline.js";

/** What {@link Instance} runs: a closed graph with what its inputs and outputs are. Inputs: [arguments, captures, Variables]; outputs: [results, assigned]. */
export interface ProgramSource {
  readonly name: string;
  readonly graph: Graph;
  readonly captures: readonly Tensor[];
  readonly variables: readonly Variable[];
  readonly assigned: readonly Variable[];
  readonly flushSubnormals: boolean;
}

/** A Variable's copy in a program's memory. */
class VariableBuffer implements Residence {
  readonly variable: Variable;
  readonly array: TypedArray;
  readonly spec: Spec;
  /** The version of the Variable that the copy is; −1 before the first upload. */
  version = -1;
  constructor(variable: Variable, array: TypedArray) {
    this.variable = variable;
    this.array = array;
    this.spec = variable.spec;
  }
  fetch(): Tensor {
    return download(this.array, this.spec);
  }
}

/** When a program is garbage-collected, Variables that lived in it take their values with them: nothing else holds its memory then. */
const abandoned = /* @__PURE__ */ new FinalizationRegistry<readonly VariableBuffer[]>((slots) => {
  for (const slot of slots) slot.variable.leave(slot);
});

/** A compiled program in its own memory, with the Variables that live there. */
export class Instance {
  readonly program: Program;
  readonly report: Report;
  readonly executable: Executable;
  readonly optimized: Graph;
  private readonly source: ProgramSource;
  private readonly inputArrays: readonly TypedArray[];
  private readonly outputArrays: readonly TypedArray[];
  private readonly outputSpecs: readonly Spec[];
  private readonly slots: readonly VariableBuffer[];
  private readonly written: readonly VariableBuffer[];
  private readonly readOnly: readonly boolean[];
  private readonly status: TypedArray | null;
  private fresh = true;
  private readonly argumentCount: number;
  private readonly firstVariable: number;
  private readonly checks: HostChecks;

  constructor(source: ProgramSource, backend: Backend, threads: number | null = null) {
    const { graph, captures, variables, assigned } = source;
    this.source = source;
    const argumentCount = graph.inputs.length - captures.length - variables.length;
    const firstVariable = argumentCount + captures.length;
    const { graph: optimized, report } = optimize(
      graph,
      graph.inputs.map((_, i) => {
        if (i < argumentCount) return "before";
        if (i < firstVariable) return "always";
        return assigned.includes(variables[i - firstVariable]) ? "never" : "before";
      }),
    );
    this.checks = new HostChecks(report.checks, (i) =>
      i >= argumentCount && i < firstVariable ? captures[i - argumentCount] : null,
    );
    const results = graph.outputs.length - assigned.length;
    const built: Built = buildProgram(
      optimized,
      {
        name: source.name,
        inputs: graph.inputs.map((_, i) => {
          if (i < argumentCount) return "input";
          return i < firstVariable ? "constant" : "state";
        }),
        content: graph.inputs.map((_, i) =>
          i >= argumentCount && i < firstVariable ? contiguousArray(captures[i - argumentCount]) : null,
        ),
        constant: graph.inputs.map(
          (_, i) =>
            i >= argumentCount && (i < firstVariable || !assigned.includes(variables[i - firstVariable])),
        ),
        replaces: graph.outputs.map((_, i) =>
          i < results ? null : firstVariable + variables.indexOf(assigned[i - results]),
        ),
        flushSubnormals: source.flushSubnormals,
      },
      backend.capabilities,
    );
    this.argumentCount = argumentCount;
    this.firstVariable = firstVariable;
    this.optimized = optimized;
    this.report = report;
    this.program = built.program;
    const executable = prepared(built.program, backend, threads);
    this.executable = executable;
    this.inputArrays = built.inputs.map((b) => executable.array(b));
    this.outputArrays = built.outputs.flatMap((b) => (b === null ? [] : [executable.array(b)]));
    this.outputSpecs = graph.outputs.slice(0, results).map(({ sizes: shape, dtype }) => ({ shape, dtype }));
    this.slots = variables.map((v, i) => new VariableBuffer(v, this.inputArrays[firstVariable + i]));
    this.readOnly = variables.map((v) => !assigned.includes(v));
    this.written = assigned.map((v) => this.slots[variables.indexOf(v)]);
    this.status = built.program.status === null ? null : executable.array(built.program.status);
    if (this.written.length > 0) abandoned.register(this, this.written);
  }

  /** Runs on arguments; Variables are read and assigned. */
  run(inputs: readonly Tensor[]): readonly Tensor[] {
    this.uploadInputs(inputs);
    this.executable.run();
    this.checkStatus();
    return this.downloadOutputs();
  }

  /** Runs once with the time of each kernel. */
  profile(inputs: readonly Tensor[]): Profile {
    this.uploadInputs(inputs);
    const times = this.executable.profile();
    this.checkStatus();
    this.downloadOutputs();
    return times;
  }

  private uploadInputs(inputs: readonly Tensor[]): void {
    this.checks.before((i) => {
      if (i < this.argumentCount) return inputs[i];
      const { variable, version } = this.slots[i - this.firstVariable];
      return version === variable.version ? null : variable.readCell();
    });
    for (let i = 0; i < this.argumentCount; i++) upload(inputs[i], this.inputArrays[i]);
    let constantsChanged = this.fresh;
    for (let i = 0; i < this.slots.length; i++) {
      const slot = this.slots[i];
      const { variable } = slot;
      if (slot.version === variable.version) continue;
      upload(variable.readCell(), slot.array);
      slot.version = variable.version;
      if (this.readOnly[i]) constantsChanged = true;
    }
    if (constantsChanged) this.executable.setUp();
    this.fresh = false;
  }

  /** Throws if the program found an index out of range; it has then changed no state, and its outputs say nothing. */
  private checkStatus(): void {
    const { status, program } = this;
    if (status === null || status[0] === 0) return;
    const range = program.checks[status[0] - 1];
    status[0] = 0;
    throw indexError(range, status[1]);
  }

  private downloadOutputs(): readonly Tensor[] {
    for (const slot of this.written) {
      slot.variable.moveTo(slot);
      slot.version = slot.variable.version;
    }
    return this.outputArrays.map((array, i) => download(array, this.outputSpecs[i]));
  }

  /** Gives the Variables their values back; the memory goes with the instance. */
  dispose(): void {
    for (const slot of this.slots) slot.variable.leave(slot);
    this.executable.dispose();
  }

  get name(): string {
    return this.source.name;
  }
}

/** The program, ready to run.
 * @throws {@link CompileError} if the backend cannot run it, or there is no memory for it */
function prepared(program: Program, backend: Backend, threads: number | null): Executable {
  const reason = refusalOf(program, backend.capabilities);
  if (reason !== null)
    throw new CompileError({
      code: "compile/backend",
      op: program.name,
      problem: `the backend "${backend.name}" cannot run this program.`,
      got: reason,
      expected: "what the backend has",
      mend: 'another backend for this function: compile(f, { backend: "wasm" }); or a cast to float32',
    });
  try {
    return backend.prepare(program, { threads });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const most = "what the host still has to give: it refused a memory of this size";
    throw tooLarge(program, planMemory(program).bytes, most);
  }
}

function upload(t: Tensor, to: TypedArray): void {
  const { storage, strides, offset } = t;
  if (storage === null) throw leaked("compile");
  const from = storage;
  const n = to.length;
  if (strides !== null) copyStrided(t.sizes, from, offset, strides, to, 0, rowMajor(t.sizes));
  else if (n <= 16) for (let i = 0; i < n; i++) to[i] = from[offset + i];
  else if (offset === 0 && from.length === n) to.set(from);
  else to.set(from.subarray(offset, offset + n));
}

function download(from: TypedArray, { shape, dtype }: Spec): Tensor {
  const out = allocate(shape, dtype);
  const to = out.storage!;
  const n = from.length;
  if (n <= 16) for (let i = 0; i < n; i++) to[out.offset + i] = from[i];
  else to.set(from, out.offset);
  return out;
}
