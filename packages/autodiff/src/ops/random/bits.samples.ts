import type { Shape } from "../../base/shape.js";
import type { Application, SampleRandom, Samples } from "../samples.js";

/** Two words of bits for each number. */
export function drawTwoWords(random: SampleRandom): Application<null> {
  const shape = random.shape();
  return {
    inputs: [random.tensor(shape, [-9, 9], "int32"), random.tensor(shape, [-9, 9], "int32")],
    attributes: null,
  };
}

export const randomBitsSamples: Samples<Shape> = {
  draw: (random) => ({
    inputs: [random.of([random.integer(-9, 9), random.integer(-9, 9), random.integer(0, 9)], "int32")],
    attributes: random.shape(),
  }),
  // Of zeros: the first of the vectors that the authors publish.
  exact: (random) => [
    { inputs: [random.of([0, 0, 0], "int32")], attributes: [2], outputs: [[0x6b200159, 0x99ba4efe | 0]] },
    { inputs: [random.of([1, 2, 3], "int32")], attributes: [0], outputs: [[]] },
  ],
  guardPoints: "whole numbers: it has no derivative",
  rejects: [],
};

export const unitFloat32Samples: Samples<null> = {
  draw: (random) => ({ inputs: [random.tensor(random.shape(), [-9, 9], "int32")], attributes: null }),
  exact: (random) => [
    {
      inputs: [random.of([0, 1, -1, 2 ** 24, -(2 ** 31)], "int32")],
      attributes: null,
      outputs: [[0, 2 ** -24, 1 - 2 ** -24, 0, 0]],
    },
  ],
  guardPoints: "random numbers: they have no derivative",
  rejects: [],
};

export const unitFloat64Samples: Samples<null> = {
  draw: drawTwoWords,
  exact: (random) => [
    {
      inputs: [random.of([0, 0, -1], "int32"), random.of([0, 1, -1], "int32")],
      attributes: null,
      outputs: [[0, 2 ** -53, 1 - 2 ** -53]],
    },
  ],
  guardPoints: "random numbers: they have no derivative",
  rejects: [],
};
