export type { KaimingOptions, Nonlinearity, XavierOptions } from "./fan-laws.js";
export { gain, kaimingNormal, kaimingUniform, xavierNormal, xavierUniform } from "./fan-laws.js";
export type { IdentityOptions, OrthogonalOptions } from "./matrices.js";
export { identity, orthogonal } from "./matrices.js";
export type { NormalOptions, UniformOptions } from "./random-laws.js";
export { normal, uniform } from "./random-laws.js";
