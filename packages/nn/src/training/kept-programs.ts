import type { Tensor, Variable } from "@scope/autodiff/functions";
import { type Direction, valueAndDirection } from "../metrics/direction.js";
import type { Module } from "../modules/module.js";
import { scalar } from "./fit-checks.js";
import type { TrainerOptions } from "./fit-options.js";
import { compiledIf, guardedStep, guardedVariables, type StepTaker } from "./guarded-step.js";

type Metrics<Batch> = readonly (readonly [name: string, f: (batch: Batch) => Tensor])[];

/** Loss and metrics of a batch. */
export interface Measurement<Batch> {
  readonly metrics: Metrics<Batch>;
  readonly measure: (batch: Batch) => { readonly [name: string]: Tensor };
  /** Of the metrics that were measured: which way they get better, as far as that is known. */
  readonly directions: ReadonlyMap<string, Direction | null>;
}

/** A step of training, kept as long as model, optimiser and loss are. */
export interface StepProgram<Batch> {
  readonly step: (batch: Batch) => [loss: Tensor, gradientNorm: Tensor];
  readonly loss: (batch: Batch) => Tensor;
  readonly clipNorm: number | null;
  readonly compile: boolean;
  readonly guarded: readonly Variable[];
  /** Who is to be named in errors: whoever asked last. */
  readonly caller: { op: string };
  measurement: Measurement<Batch> | null;
}

interface ProgramsOfOptimizer {
  // The type of a batch is that of the loss, by which programs are found.
  readonly byLoss: WeakMap<object, StepProgram<unknown>[]>;
  lastText: string | null;
  hasWarned: boolean;
}

const kept = new WeakMap<Module, WeakMap<StepTaker, ProgramsOfOptimizer>>();
const keptForOneLoss = 4;

/** The step for this model, optimiser and loss: made once, and kept while they live. */
export function stepProgramOf<Batch>(
  op: string,
  model: Module,
  options: TrainerOptions<Batch>,
): StepProgram<Batch> {
  const { loss, optimizer, compile = true } = options;
  const clipNorm = options.clipNorm ?? null;
  const guarded = guardedVariables(model, optimizer);
  const ofOptimizer = programsOf(model, optimizer);
  // Found by the loss itself, so that they take its batches.
  const programs = (ofOptimizer.byLoss.get(loss) ?? []) as unknown as StepProgram<Batch>[];
  const found = programs.find(
    (each) => each.clipNorm === clipNorm && each.compile === compile && sameItems(each.guarded, guarded),
  );
  if (found !== undefined) {
    found.caller.op = op;
    return found;
  }
  if (compile && programs.length === 0) warnOfNewLoss(op, ofOptimizer, String(loss));
  const caller = { op };
  const checked = (batch: Batch): Tensor => scalar(caller.op, "loss", loss)(batch);
  const made: StepProgram<Batch> = {
    step: compiledIf(compile, guardedStep(caller, model, optimizer, checked, clipNorm), "training step"),
    loss,
    clipNorm,
    compile,
    guarded,
    caller,
    measurement: null,
  };
  const all: readonly unknown[] = [made, ...programs].slice(0, keptForOneLoss);
  ofOptimizer.byLoss.set(loss, all as StepProgram<unknown>[]);
  return made;
}

/** The measurement of these metrics beside the loss: kept until others are asked for. */
export function measurementOf<Batch>(
  op: string,
  program: StepProgram<Batch>,
  { metrics = {}, loss, compile = true }: TrainerOptions<Batch>,
): Measurement<Batch> {
  program.caller.op = op;
  const asked: Metrics<Batch> = Object.entries(metrics);
  const last = program.measurement;
  if (
    last !== null &&
    last.metrics.length === asked.length &&
    last.metrics.every(([name, f], k) => name === asked[k][0] && f === asked[k][1])
  )
    return last;
  const directions = new Map<string, Direction | null>();
  const measured: Metrics<Batch> = [...asked, ["loss", loss]];
  const measure = (batch: Batch): { readonly [name: string]: Tensor } =>
    Object.fromEntries(
      measured.map(([name, f]) => {
        const [value, direction] = valueAndDirection(() => scalar(program.caller.op, name, f)(batch));
        directions.set(name, direction);
        return [name, value];
      }),
    );
  program.measurement = {
    metrics: asked,
    measure: compiledIf(compile, measure, "measurement"),
    directions,
  };
  return program.measurement;
}

function programsOf(model: Module, optimizer: StepTaker): ProgramsOfOptimizer {
  const ofModel = kept.get(model) ?? new WeakMap<StepTaker, ProgramsOfOptimizer>();
  kept.set(model, ofModel);
  const found = ofModel.get(optimizer) ?? { byLoss: new WeakMap(), lastText: null, hasWarned: false };
  ofModel.set(optimizer, found);
  return found;
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, k) => item === b[k]);

/** An arrow function written in the call is another function every time: says once that this is why each call compiles again. */
function warnOfNewLoss(op: string, programs: ProgramsOfOptimizer, text: string): void {
  const isAgain = programs.lastText === text;
  programs.lastText = text;
  if (!isAgain || programs.hasWarned) return;
  programs.hasWarned = true;
  console.warn(
    `@scope/nn: ${op} compiles again, for the same model and optimiser: the loss is a new function with the text of the last one.\n` +
      "  The compiled step is kept with model, optimiser and loss: make the loss once, outside of the loop, and pass the same function\n" +
      "  (const loss = (batch) => …), or make one Trainer and call its step.",
  );
}
