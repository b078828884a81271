import { CompileError } from "../base/errors.js";
import type { Backend, Executable, Profile } from "../kernel/backend.js";
import type { BoundProgram, ProgramInstance } from "../kernel/instance.js";
import { planMemory, tooLarge } from "../kernel/plan-memory.js";
import type { Program } from "../kernel/program.js";
import { refusalOf } from "../kernel/refusal.js";
import { indexError } from "../ops/indices.js";
import { contiguousArray, type Tensor } from "../tensor/tensor.js";
import type { Graph } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";
import { HostChecks } from "./host-checks.js";
import { HostInstance } from "./host-instance.js";
import { type Built, buildProgram, type Roles } from "./lowering/build-program.js";
import type { Knowledge } from "./passes/settle-indices.js";
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

/** What an input of a program is to it. */
interface Input {
  readonly role: "input" | "constant" | "state";
  /** The captured tensor; null for arguments and Variables. */
  readonly capture: Tensor | null;
  /** Whether the program assigns the Variable that it is. */
  readonly isAssigned: boolean;
}

function inputsOf({ graph, captures, variables, assigned }: ProgramSource): readonly Input[] {
  const argumentCount = graph.inputs.length - captures.length - variables.length;
  return graph.inputs.map((_, i): Input => {
    if (i < argumentCount) return { role: "input", capture: null, isAssigned: false };
    const capture = captures[i - argumentCount];
    if (capture !== undefined) return { role: "constant", capture, isAssigned: false };
    const variable = variables[i - argumentCount - captures.length];
    return { role: "state", capture: null, isAssigned: assigned.includes(variable) };
  });
}

/** What the host knows of an input's elements before the program runs. */
function knowledgeOf({ capture, isAssigned }: Input, onDevice: boolean): Knowledge {
  if (capture !== null) return capture.storage === null ? "never" : "always";
  // Arguments of a device may be there already: it checks them itself.
  return onDevice || isAssigned ? "never" : "before";
}

function rolesOf(source: ProgramSource, inputs: readonly Input[], onDevice: boolean): Roles {
  const { name, graph, variables, assigned, flushSubnormals } = source;
  const results = graph.outputs.length - assigned.length;
  const firstVariable = inputs.length - variables.length;
  return {
    name,
    inputs: inputs.map(({ role }) => role),
    content: inputs.map(({ capture }) => {
      // What is on a device already is copied there.
      if (capture === null || (onDevice && capture.storage === null)) return null;
      return contiguousArray(capture, name);
    }),
    constant: inputs.map(({ role, isAssigned }) => role !== "input" && !isAssigned),
    replaces: graph.outputs.map((_, i) =>
      i < results ? null : firstVariable + variables.indexOf(assigned[i - results]),
    ),
    flushSubnormals,
  };
}

/** The program with the tensors and Variables that it is for. */
function boundProgram(source: ProgramSource, { program, inputs, outputs }: Built): BoundProgram {
  const { graph, captures, variables, assigned } = source;
  return {
    program,
    inputs,
    captures,
    cells: variables,
    assigned,
    results: outputs.flatMap((buffer, i) => {
      if (buffer === null) return [];
      const { sizes: shape, dtype } = graph.outputs[i];
      return [{ buffer, spec: { shape, dtype } }];
    }),
    failure: (check, element) => indexError(program.checks[check], element),
  };
}

/** A compiled program in a machine's memory, with the Variables that live there. */
export class Instance {
  readonly name: string;
  readonly program: Program;
  readonly report: Report;
  readonly executable: Executable;
  readonly optimized: Graph;
  private readonly instance: ProgramInstance;

  constructor(source: ProgramSource, backend: Backend, threads: number | null = null) {
    const inputs = inputsOf(source);
    const onDevice = backend.deviceInstance !== undefined;
    const { graph: optimized, report } = optimize(
      source.graph,
      inputs.map((input) => knowledgeOf(input, onDevice)),
    );
    const checks = new HostChecks(report.checks, (i) => inputs[i].capture);
    const built = buildProgram(optimized, rolesOf(source, inputs, onDevice), backend.capabilities);
    const { program } = built;
    this.name = source.name;
    this.optimized = optimized;
    this.report = report;
    this.program = program;
    checkBackend(program, backend);
    const bound = boundProgram(source, built);
    // Which kind of executable comes is known only together with the backend.
    if (backend.deviceInstance === undefined) {
      const executable = withMemory(program, () => backend.prepare(program, { threads }));
      this.executable = executable;
      this.instance = new HostInstance(executable, bound, checks);
    } else {
      const executable = withMemory(program, () => backend.prepare(program, { threads }));
      this.executable = executable;
      this.instance = backend.deviceInstance(backend, executable, bound);
    }
  }

  /** Runs on arguments; Variables are read and assigned. */
  run(inputs: readonly Tensor[]): readonly Tensor[] {
    return this.instance.run(inputs);
  }

  /** Runs once with the time of each kernel, where the host need not wait for it. */
  profile(inputs: readonly Tensor[]): Profile {
    return this.instance.profile(inputs);
  }

  /** The same anywhere. */
  readProfile(inputs: readonly Tensor[]): Promise<Profile> {
    return this.instance.readProfile(inputs);
  }

  /** Gives the Variables their values back; the memory goes with the instance. */
  dispose(): void {
    this.instance.dispose();
  }
}

/** Refuses a program that the backend cannot run, before anything runs. */
function checkBackend(program: Program, { name, capabilities }: Backend): void {
  const reason = refusalOf(program, capabilities);
  if (reason === null) return;
  throw new CompileError({
    code: "compile/backend",
    op: program.name,
    problem: `the backend "${name}" cannot run this program.`,
    got: reason,
    expected: "what the backend has",
    mend: "another backend for this function: compile(f, { backend }); or, where a dtype is missing, a cast",
  });
}

/** Makes something that needs memory for a program.
 * @throws {@link CompileError} if there is none */
function withMemory<E>(program: Program, prepare: () => E): E {
  try {
    return prepare();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const most = "what the host still has to give: it refused a memory of this size";
    throw tooLarge(program, planMemory(program).bytes, most);
  }
}
