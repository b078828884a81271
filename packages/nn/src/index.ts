export { Cell, type PreparedSteps } from "./cells/cell.js";
export { type CellOptions, GatedCell, type GateWeights } from "./cells/gated-weights.js";
export { GRUCell, type GRUState } from "./cells/gru-cell.js";
export { LSTMCell, type LSTMCellOptions, type LSTMState } from "./cells/lstm-cell.js";
export { RNNCell, type RNNCellOptions, type RNNState } from "./cells/rnn-cell.js";
export { detach } from "./cells/state-tree.js";
export { type Batches, type BatchOptions, batches } from "./data/batches.js";
export {
  type BucketBatch,
  type BucketBatchOf,
  type BucketOptions,
  bucketByLength,
  type PaddedSequences,
  padSequences,
} from "./data/buckets.js";
export { Normalizer } from "./data/normalizer.js";
export { type Parts, splitInTime } from "./data/splits.js";
export { type WindowOptions, type Windows, windows } from "./data/windows.js";
export { type Complex, eigenvalues, spectralRadius } from "./diagnostics/eigenvalues.js";
export { type GradientFlow, gradientFlow } from "./diagnostics/gradient-flow.js";
export type { NamedGradients, Observed } from "./diagnostics/gradients-over-time.js";
export { jacobianProducts } from "./diagnostics/jacobian-products.js";
export { type MatrixCell, recurrentMatrices } from "./diagnostics/recurrent-matrices.js";
export { singularValues } from "./diagnostics/singular-values.js";
export { ModuleError, StateDictError } from "./errors.js";
export {
  gainOf,
  type KaimingOptions,
  kaimingNormal,
  kaimingUniform,
  type Nonlinearity,
  type XavierOptions,
  xavierNormal,
  xavierUniform,
} from "./initializers/fan-laws.js";
export {
  type OrthogonalOptions,
  orthogonal,
  type ScaledIdentityOptions,
  scaledIdentity,
} from "./initializers/matrices.js";
export {
  type DrawOptions,
  type FloatDType,
  type NormalOptions,
  normal,
  type SeedOptions,
  setSeed,
  type UniformOptions,
  uniform,
} from "./initializers/random-laws.js";
export { Dropout } from "./layers/dropout.js";
export { Embedding, type EmbeddingOptions } from "./layers/embedding.js";
export { GRU, type GRUOptions } from "./layers/gru.js";
export { LayerNorm, type LayerNormOptions } from "./layers/layer-norm.js";
export { Linear, type LinearOptions } from "./layers/linear.js";
export { LSTM, type LSTMOptions } from "./layers/lstm.js";
export type { SequenceOptions, TappedLayer } from "./layers/over-time.js";
export { Recurrent, type RecurrentOptions } from "./layers/recurrent.js";
export { type LayersOptions, RecurrentLayers } from "./layers/recurrent-layers.js";
export { RecurrentStack, type StackOptions } from "./layers/recurrent-stack.js";
export { RNN, type RNNOptions } from "./layers/rnn.js";
export { type ClassOptions, type CrossEntropyOptions, crossEntropy, nll } from "./losses/cross-entropy.js";
export {
  type BinaryOptions,
  binaryCrossEntropyWithLogits,
  type DivergenceOptions,
  klDivergence,
} from "./losses/probability.js";
export type { LossOptions, Reduction } from "./losses/reduction.js";
export { type HuberOptions, huber, meanAbsoluteError, meanSquaredError } from "./losses/regression.js";
export {
  type AccuracyOptions,
  accuracy,
  type BinaryAccuracyOptions,
  binaryAccuracy,
} from "./metrics/accuracy.js";
export type { Direction } from "./metrics/direction.js";
export { Module } from "./modules/module.js";
export { Parameter } from "./modules/parameter.js";
export { type Layer, Sequential } from "./modules/sequential.js";
export { Adagrad, type AdagradOptions } from "./optimizers/adagrad.js";
export { Adam, type AdamOptions, AdamW } from "./optimizers/adam.js";
export {
  clipByGlobalNorm,
  clipByValue,
  type Gradients,
  globalNorm,
  type NormOptions,
} from "./optimizers/clipping.js";
export {
  type Complete,
  Optimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type Trained,
  type UpdateRule,
} from "./optimizers/optimizer.js";
export { RMSProp, type RMSPropOptions } from "./optimizers/rms-prop.js";
export { SGD, type SGDOptions } from "./optimizers/sgd.js";
export {
  type CosineRateOptions,
  constantRate,
  cosineRate,
  exponentialRate,
  type OneCycleRateOptions,
  oneCycleRate,
  type Schedule,
  type StepRateOptions,
  stepRate,
  type WarmUpOptions,
  warmUp,
} from "./schedules/schedule.js";
export { type Scheduled, Scheduler } from "./schedules/scheduler.js";
export type { LoadOptions, SavedState, StateDict } from "./state-dict/state-dict.js";
export { fit } from "./training/fit.js";
export type { FitOptions, StopSignal, TrainerOptions, Watch } from "./training/fit-options.js";
export type { StepTaker } from "./training/guarded-step.js";
export type { EpochRecord, FitReporter, History, StepReport, StopReason } from "./training/history.js";
export { type Measures, type StepResult, Trainer } from "./training/trainer.js";
