/** Checks of derivatives. Arbitraries are an entry of their own, because they alone need fast-check.
 * @packageDocumentation */
export type { Interval, SampleRandom } from "./ops/samples.js";
export { checkDuality } from "./testing/check-duality.js";
export { type CheckGradientsOptions, checkGradients } from "./testing/check-gradients.js";
export { seededRandom } from "./testing/seeded-random.js";
