import { matmul, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import type { Runner } from "../child/serve.js";
import { rightWave } from "../work-data.js";
import { shaped, waveTensor } from "./arrays.js";

/** One product of square matrices; one element of it is read. */
export function matmulSquare(size: number, compiled: boolean): Runner {
  const a = waveTensor([size, size]);
  const b = shaped(rightWave(size * size), [size, size]);
  const multiply = (left: Tensor, right: Tensor): Tensor => matmul(left, right);
  const run = compiled ? compile(multiply) : multiply;
  return { step: () => run(a, b).data[size + 1] ?? Number.NaN };
}
