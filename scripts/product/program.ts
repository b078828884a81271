// A user's program: it is compiled and run against the packed packages, in a folder that knows nothing of this repository.
import { grad, lossAndGradients, Random, sin, type Tensor, tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, clipByGlobalNorm, Linear, LSTM, meanSquaredError } from "@scope/nn";

const slope = grad((x) => sin(x).mul(x))(tensor(2, { dtype: "float64" })).item();
if (Math.abs(slope - (Math.sin(2) + 2 * Math.cos(2))) > 1e-12) throw new Error(`grad gave ${slope}`);

const random = new Random(0);
const lstm = new LSTM(3, 8);
const head = new Linear(8, 1);
const variables = [...lstm.parameters(), ...head.parameters()];
const optimizer = new Adam(variables, { learningRate: 1e-2 });
const x = random.normal([4, 10, 3]);
const y = random.normal([4, 10, 1]);
const losses: number[] = [];
for (let step = 0; step < 20; step++) {
  const [loss, gradients] = lossAndGradients(
    () => meanSquaredError(head.forward(lstm.forward(x)[0]), y),
    variables,
  );
  optimizer.step(clipByGlobalNorm(gradients, 1));
  losses.push(loss.item());
}
const first = losses[0] ?? Number.NaN;
const last = losses[losses.length - 1] ?? Number.NaN;
if (!(last < first)) throw new Error(`training did not lower the loss: ${first} to ${last}`);
const forward = compile((xs: Tensor) => head.forward(lstm.forward(xs)[0]));
const difference = forward(x)
  .sub(head.forward(lstm.forward(x)[0]))
  .abs()
  .max()
  .item();
if (!(difference < 1e-5)) throw new Error(`compiled differs from eager by ${difference}`);
console.log("the packed packages train");
