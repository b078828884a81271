/** The checks of arguments that Scope's own packages share, so that the same mistake gets the same words; not for other code, as it may change at any time.
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
export { checkShape } from "./base/shape.js";
export { show } from "./base/show.js";
export { runOnSymbols } from "./trace/trace.js";
