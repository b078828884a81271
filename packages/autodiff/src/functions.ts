// Every public name, without the methods on Tensor: what is not used is dropped from a bundle. index.ts adds the methods.
export type { DType, TypedArray } from "./base/dtype.js";
export * from "./base/errors.js";
export type { Shape } from "./base/shape.js";
export { graph, spec, TracedGraph, trace } from "./compiler/print-graph.js";
export type { Spec } from "./kernel/lowering.js";
export type { CreationOptions } from "./ops/creation.js";
export * from "./ops/index.js";
export type { IndexOptions } from "./ops/indices.js";
export type { NumberArray, TensorData } from "./ops/literal.js";
export type { TensorLike } from "./ops/operands.js";
export type { FloatDrawOptions, UniformDrawOptions } from "./ops/random/generator.js";
export type { NormalDrawOptions } from "./ops/random/normal.js";
export { Random } from "./ops/random/random.js";
export type { ArgOptions, ReduceOptions } from "./ops/reduction.js";

export type { AxisOptions, SliceRange } from "./ops/slicing.js";
export type { MaskOptions } from "./ops/softmax.js";
export type { SortOptions } from "./ops/sorting.js";
export type { VarianceOptions } from "./ops/statistics.js";
export { type NestedArray, type ReadonlyData, Tensor } from "./tensor/tensor.js";
export { detectAnomalies } from "./trace/anomaly.js";
export { type InSignature, staticValue } from "./trace/static-value.js";
export { Variable } from "./trace/variable.js";
export * from "./transforms/index.js";
