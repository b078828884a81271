import type { BinaryInstruction, Combine, DType, MapKernel, ReduceKernel } from "@scope/autodiff/backend";
import { ExpressionCode, fullCount } from "./expression.js";
import { combined } from "./instructions.js";
import type { KernelFunction } from "./kernel-function.js";
import { type Lanes, literal, splat, typeOf } from "./lanes.js";
import { mapFunction } from "./map.js";
import { type Nest, nestOf, type Stream } from "./nest.js";

/** Float32 terms that are added up one after the other before their sum goes on in float64: the sums of longer chains drift. */
const chainLength = 64;
/** Expressions up to so many nodes are computed for several chains at once. */
const unrolledNodes = 24;

const instructionOf: { readonly [C in Combine]: BinaryInstruction } = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
};
const least: { readonly [D in DType]: number } = {
  float32: -Infinity,
  float64: -Infinity,
  int32: -(2 ** 31),
  bool: 0,
};
const greatest: { readonly [D in DType]: number } = {
  float32: Infinity,
  float64: Infinity,
  int32: 2 ** 31 - 1,
  bool: 1,
};
/** What changes nothing. */
function neutral(combine: Combine, dtype: DType): number {
  if (combine === "sum") return 0;
  if (combine === "prod") return 1;
  return combine === "max" ? least[dtype] : greatest[dtype];
}

/** How a reduction's code is written. */
interface ReduceCode {
  readonly nest: Nest;
  readonly body: ExpressionCode;
  readonly counters: readonly string[];
  readonly lanes: Lanes;
  /** Lanes, as a number. */
  readonly width: number;
  readonly dtype: DType;
  /** Whether long sums go on in float64. */
  readonly wide: boolean;
  readonly unrolls: boolean;
  readonly neutral: string;
  readonly write: Stream;
  readonly flush: boolean;
  combined(a: string, b: string): string;
}

const add = (a: string, code: ReduceCode, b: string): string => `${a} = ${code.combined(a, b)};`;

/** The function of a fused map and reduction: vectors run along a reduced axis, or across the reduced ones along a kept axis. */
export function reduceFunction(
  kernel: ReduceKernel,
  vectorBytes: number,
  flush: boolean,
): KernelFunction | null {
  const { shape, reduced, combine, write, expression } = kernel;
  const kept = shape.slice(0, shape.length - reduced);
  if (kept.includes(0)) return null;
  const { dtype } = write.buffer;
  if (shape.includes(0)) return neutralFunction(kernel, kept, vectorBytes);
  const nest = nestOf({ shape, reduced, reads: kernel.reads, writes: [write], expression }, vectorBytes);
  const { lanes } = nest;
  const place = { lanes, count: fullCount(nest), alike: false };
  const code: ReduceCode = {
    nest,
    body: new ExpressionCode(nest, expression),
    counters: nest.axes.map((_, axis) => `i${axis}`),
    lanes,
    width: vectorBytes / (lanes === "half" ? 8 : 4),
    dtype,
    wide: combine === "sum" && dtype === "float32",
    unrolls: expression.nodes.length <= unrolledNodes,
    neutral: splat(lanes, dtype, literal(neutral(combine, dtype), dtype)),
    write: nest.writes[0],
    flush,
    combined: (a, b) => combined(place, instructionOf[combine], dtype, a, b),
  };
  const last = nest.axes[nest.axes.length - 1];
  return last.reduced ? alongFunction(code) : acrossFunction(code);
}

/** Where nothing is reduced, the neutral element is the result. */
function neutralFunction(
  kernel: ReduceKernel,
  shape: readonly number[],
  vectorBytes: number,
): KernelFunction | null {
  const { dtype } = kernel.write.buffer;
  const value = neutral(kernel.combine, dtype);
  const fill: MapKernel = {
    kind: "map",
    name: kernel.name,
    shape,
    reads: [],
    expression: { nodes: [{ kind: "constant", value, dtype }], results: [0] },
    writes: [kernel.write],
  };
  return mapFunction(fill, vectorBytes, false);
}

/** How many of the axes, before the last one, are kept; the reduced ones come between. */
const keptBefore = ({ nest }: ReduceCode): number =>
  nest.axes.slice(0, -1).filter(({ reduced }) => !reduced).length;
/** How often the last axis is walked for one result, or one row of results. */
const passesOf = ({ nest }: ReduceCode): number =>
  nest.axes.slice(0, -1).reduce((count, { size, reduced }) => (reduced ? count * size : count), 1);

/** Loops over some axes, each with what is fixed inside of it. */
function loops(code: ReduceCode, from: number, to: number, inside: readonly string[]): string[] {
  const { nest, body, counters } = code;
  if (from === to) return [...inside];
  const counter = counters[from];
  const [begin, end] =
    from === 0 && !nest.axes[0].reduced ? ["begin", "end"] : ["0", String(nest.axes[from].size)];
  return [
    `for (long ${counter} = ${begin}; ${counter} < ${end}; ${counter}++) {`,
    ...body.at(from + 1, counters, fullCount(nest)),
    ...loops(code, from + 1, to, inside),
    "}",
  ];
}

/** Vectors run along a reduced axis, in several chains at once, and their lanes are combined at the end. */
function alongFunction(code: ReduceCode): KernelFunction {
  const { nest, body, counters, lanes, dtype, wide, width } = code;
  const depth = nest.axes.length;
  const { size } = nest.axes[depth - 1];
  const count = fullCount(nest);
  const full = Math.floor(size / width);
  const chains = !code.unrolls || full < 2 ? 1 : full < 8 ? 2 : 4;
  const rounds = Math.floor(full / chains) + chains;
  const passes = passesOf(code);
  const isLong = wide && passes * rounds > chainLength;
  // Either chains end within a pass, or after so many passes.
  const roundsOfChain = isLong && rounds > chainLength ? chainLength - chains : 0;
  const passesOfChain = isLong && roundsOfChain === 0 ? Math.floor(chainLength / rounds) : 0;
  const type = typeOf(lanes, dtype);
  const inner = counters[depth - 1];
  const join = Array.from({ length: chains - 1 }, (_, k) => add("a[0]", code, `a[${chains - 1 - k}]`));
  const clear = `for (int u = 0; u < ${chains}; u++) a[u] = ${code.neutral};`;
  const fold = [
    ...join,
    ...(lanes === "full"
      ? ["low += low_half(a[0]);", "high += high_half(a[0]);"]
      : ["low += __builtin_convertvector(a[0], f64);"]),
    clear,
  ];
  const chained = (end: string): string[] => [
    `for (; ${inner} <= ${end} - ${chains} * ${count}; ) {`,
    `_Pragma("GCC unroll ${chains}") for (int u = 0; u < ${chains}; u++, ${inner} += ${count}) {`,
    ...body.at(depth, counters, count),
    add("a[u]", code, body.result(0)),
    "}",
    "}",
  ];
  const pass = [
    `long ${inner} = 0;`,
    ...(full === 0
      ? []
      : roundsOfChain === 0
        ? chained(String(size))
        : [
            `for (long stop = 0; stop < ${size}; ) {`,
            `stop += ${roundsOfChain * chains} * ${count};`,
            `if (stop > ${size}) stop = ${size};`,
            ...chained("stop"),
            ...fold,
            "}",
          ]),
    `for (; ${inner} < ${size}; ${inner} += ${count}) {`,
    `const long n = ${size} - ${inner};`,
    ...body.at(depth, counters, "n"),
    add(
      "a[0]",
      code,
      size % width === 0
        ? body.result(0)
        : `${lanes}_select_${dtype}(${lanes}_first(n), ${body.result(0)}, ${code.neutral})`,
    ),
    "}",
    ...(roundsOfChain > 0 ? fold : []),
    ...(passesOfChain > 0 ? ["if (--left == 0) {", ...fold, `left = ${passesOfChain};`, "}"] : []),
  ];
  const halving = (name: string, exchanged: string, combine: string): string =>
    `_Pragma("GCC unroll 4") for (int h = ${lanes === "full" && name === "a[0]" ? "LANES" : "HALF_LANES"} / 2; h >= 1; h /= 2) { ${exchanged} ${combine} }`;
  const total = isLong
    ? [
        ...fold,
        ...(lanes === "full" ? ["low += high;"] : []),
        halving("low", "const f64 other = half_exchange_float64(low, h);", "low += other;"),
        `a[0] = ${splat(lanes, dtype, "(float)low[0]")};`,
      ]
    : [
        ...join,
        halving(
          "a[0]",
          `const ${type} other = ${lanes}_exchange_${dtype}(a[0], h);`,
          add("a[0]", code, "other"),
        ),
      ];
  const stored = code.flush && dtype === "float32" ? `${lanes}_flush(a[0])` : "a[0]";
  const { name, strides } = code.write;
  const kept = keptBefore(code);
  const terms = strides.flatMap((stride, axis) => (stride === 0 ? [] : [` + ${counters[axis]} * ${stride}`]));
  const lines = [
    ...body.at(0, counters, count),
    ...loops(code, 0, kept, [
      `${type} a[${chains}];`,
      clear,
      ...(isLong ? [lanes === "full" ? "f64 low = {0}, high = {0};" : "f64 low = {0};"] : []),
      ...(passesOfChain > 0 ? [`long left = ${passesOfChain};`] : []),
      ...loops(code, kept, depth - 1, pass),
      ...total,
      `${lanes}_scatter_${dtype}(${name}${terms.join("")}, ${stored}, 0, 1);`,
    ]),
  ];
  const splits = kept > 0;
  return { lines, streams: nest.streams, count: splits ? nest.axes[0].size : 1, grain: 1 };
}

/** Vectors run along a kept axis, several side by side, and walk down the reduced ones. */
function acrossFunction(code: ReduceCode): KernelFunction {
  const { nest, body, counters, lanes, dtype, wide, width } = code;
  const depth = nest.axes.length;
  const { size } = nest.axes[depth - 1];
  const count = fullCount(nest);
  const kept = keptBefore(code);
  const passes = passesOf(code);
  const isLong = wide && passes > chainLength;
  const type = typeOf(lanes, dtype);
  const inner = counters[depth - 1];
  const most = code.unrolls ? 4 : 1;
  const [begin, end] = kept === 0 ? ["begin", "end"] : ["0", String(size)];
  const halves = lanes === "full" ? 2 : 1;
  const chunk = (vectors: number, lanesOf: string): string[] => {
    const each = (inside: readonly string[]): string[] => [
      `_Pragma("GCC unroll ${vectors}") for (int u = 0; u < ${vectors}; u++) {`,
      ...inside,
      "}",
    ];
    const fold = each(
      lanes === "full"
        ? ["w[2 * u] += low_half(a[u]);", "w[2 * u + 1] += high_half(a[u]);", `a[u] = ${code.neutral};`]
        : ["w[u] += __builtin_convertvector(a[u], f64);", `a[u] = ${code.neutral};`],
    );
    const narrowed =
      lanes === "full" ? "from_halves(w[2 * u], w[2 * u + 1])" : `__builtin_convertvector(w[u], ${type})`;
    return [
      `${type} a[${vectors}];`,
      ...each([`a[u] = ${code.neutral};`]),
      ...(isLong
        ? [
            `f64 w[${vectors * halves}];`,
            `for (int u = 0; u < ${vectors * halves}; u++) w[u] = (f64){0};`,
            `long left = ${chainLength};`,
          ]
        : []),
      ...loops(code, kept, depth - 1, [
        ...each([
          `const long ${inner} = j + u * ${count};`,
          ...body.at(depth, counters, lanesOf),
          add("a[u]", code, body.result(0)),
        ]),
        ...(isLong ? ["if (--left == 0) {", ...fold, `left = ${chainLength};`, "}"] : []),
      ]),
      ...(isLong ? fold : []),
      ...each([
        `const long ${inner} = j + u * ${count};`,
        body.store(code.write, isLong ? narrowed : "a[u]", counters, lanesOf, code.flush),
      ]),
    ];
  };
  const lines = [
    ...body.at(0, counters, count),
    ...loops(code, 0, kept, [
      `long j = ${begin};`,
      ...(most > 1 && size >= most * width
        ? [`for (; j <= ${end} - ${most} * ${count}; j += ${most} * ${count}) {`, ...chunk(most, count), "}"]
        : []),
      ...(kept > 0 && size % (most * width) === 0
        ? []
        : [`for (; j < ${end}; j += ${count}) {`, `const long n = ${end} - j;`, ...chunk(1, "n"), "}"]),
    ]),
  ];
  return {
    lines,
    streams: nest.streams,
    count: kept === 0 ? size : nest.axes[0].size,
    grain: kept === 0 ? most * width : 1,
  };
}
