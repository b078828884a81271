// What @scope/autodiff/testing exports: checks of derivatives, and fast-check arbitraries.
export type { Interval, SampleRandom } from "./ops/samples.js";
export { broadcastableShapes, type ShapeOptions, seeds, shapes, tensors } from "./testing/arbitraries.js";
export { checkDuality } from "./testing/check-duality.js";
export { type CheckGradientsOptions, checkGradients } from "./testing/check-gradients.js";
export { seededRandom } from "./testing/seeded-random.js";
