/** The checks of arguments that Scope's own functions make, for libraries on top of it: the same words for the same mistakes; and a run without data.
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
  switchOf,
  tooLarge,
} from "./base/checks.js";
export { show } from "./base/show.js";
export { runOnSymbols } from "./trace/trace.js";
