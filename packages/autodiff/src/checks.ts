/** What Scope's own packages share: checks of arguments, so that the same mistake gets the same words, and single laws of random numbers; not for other code, as it may change at any time.
 * @packageDocumentation */
export {
  checkBoolean,
  checkChoice,
  checkCount,
  checkFunction,
  checkList,
  checkNumber,
  checkOptions,
  checkSize,
  isList,
  isRecord,
  outOfRange,
  tooLarge,
} from "./base/checks.js";
export { checkDType } from "./base/dtype.js";
export { checkShape } from "./base/shape.js";
export { show } from "./base/show.js";
export { checkFloat as checkFloatDType } from "./ops/argument-checks.js";
export { checkOperand } from "./ops/operands.js";
export { drawUniform, Generator } from "./ops/random/generator.js";
export { drawNormal } from "./ops/random/normal.js";
export { forkOf } from "./ops/random/random.js";
export { runOnSymbols } from "./trace/trace.js";
