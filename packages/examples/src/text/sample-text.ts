import { Random, tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import type { CharModel, TextState } from "./char-model.js";

/** Lets a model write: each character is drawn from its scores, and read as the next one.
 * @param prompt - ids of characters that it reads first; at least one
 * @param temperature - below 1 more sure, above 1 more daring; 0 takes the best character each time */
export async function sampleText(
  model: CharModel,
  prompt: ArrayLike<number>,
  count: number,
  temperature: number,
  seed: number,
): Promise<number[]> {
  model.eval();
  const step = compile((ids, state: TextState) => model.step(ids, state), { name: "next character" });
  const draws = new Random(seed).uniform([count]).data;
  let state = model.initialState(1);
  let scores: ArrayLike<number> = [];
  const read = async (id: number): Promise<void> => {
    const [next, after] = step(tensor([id], { dtype: "int32" }), state);
    scores = await next.read();
    state = after;
  };
  for (const id of Array.from(prompt)) await read(id);
  const written: number[] = [];
  for (let k = 0; k < count; k++) {
    const id = pick(scores, temperature, draws[k]);
    written.push(id);
    await read(id);
  }
  step.dispose();
  model.train();
  return written;
}

/** The character at which the cumulated probabilities pass a number between 0 and 1. */
function pick(scores: ArrayLike<number>, temperature: number, draw: number): number {
  const all = Array.from(scores);
  const top = Math.max(...all);
  if (temperature === 0) return all.indexOf(top);
  const weights = all.map((score) => Math.exp((score - top) / temperature));
  let rest = draw * weights.reduce((a, b) => a + b, 0);
  const found = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return found < 0 ? all.indexOf(top) : found;
}
