export type { CosineOptions, OneCycleOptions, StepOptions, WarmUpOptions } from "./schedule.js";
export { constant, cosine, exponential, oneCycle, step, warmUp } from "./schedule.js";
