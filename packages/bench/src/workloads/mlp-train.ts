import { lossAndGradients, relu, type Tensor } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { crossEntropy, Linear, Sequential, SGD } from "@scope/nn";
import type { Runner } from "../child/serve.js";
import { ids, learningRates, mlpSizes, targetStride } from "../work-data.js";
import { initialState, shaped, waveTensor } from "./arrays.js";

/** A multilayer perceptron on flattened images. */
export function mlpTrain(compiled: boolean): Runner {
  const { input, hidden, classes, batch } = mlpSizes;
  const model = new Sequential(new Linear(input, hidden), relu, new Linear(hidden, classes));
  model.loadStateDict(
    initialState([
      ["0.weight", [hidden, input]],
      ["0.bias", [hidden]],
      ["2.weight", [classes, hidden]],
      ["2.bias", [classes]],
    ]),
  );
  const parameters = model.parameters();
  const optimizer = new SGD(parameters, { learningRate: learningRates.sgd });
  const train = (x: Tensor, y: Tensor): Tensor => {
    const [loss, gradients] = lossAndGradients(() => crossEntropy(model.forward(x), y), parameters);
    optimizer.step(gradients);
    return loss;
  };
  const x = waveTensor([batch, input]);
  const y = shaped(ids(batch, targetStride, classes), [batch]);
  const step = compiled ? compile(train) : train;
  return { step: () => step(x, y).item() };
}
