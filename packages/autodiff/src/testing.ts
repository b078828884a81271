// What @scope/autodiff/testing exports: checks of derivatives, and fast-check arbitraries.
export type { Interval, SampleRandom } from "./ops/samples.js";
export { broadcastableShapes, seeds, type ShapeOptions, shapes, tensors } from "./testing/arbitraries.js";
export { checkDuality } from "./testing/check-duality.js";
export { checkGradients, type CheckGradientsOptions } from "./testing/check-gradients.js";
export { seededRandom } from "./testing/seeded-random.js";
