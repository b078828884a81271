import type { Samples } from "../samples.js";
import { drawTwoWords } from "./bits.samples.js";

const pinned = [0, 5, -1, 12345678, -2000000000, 2147483647, -2147483648, 300000000, 1000000];

export const normalFloat32Samples: Samples<null> = {
  draw: (random) => ({ inputs: [random.tensor(random.shape(), [-9, 9], "int32")], attributes: null }),
  // To the last bit: these may never change, on any backend.
  exact: (random) => [
    {
      inputs: [random.of(pinned, "int32")],
      attributes: null,
      outputs: [
        [
          6.337958335876465, 5.957507610321045, -0, 2.7617695331573486, -1.8205360174179077, 0,
          -6.337958335876465, 1.4769151210784912, 3.4997687339782715,
        ],
      ],
    },
  ],
  guardPoints: "random numbers: they have no derivative",
  rejects: [],
};

export const normalFloat64Samples: Samples<null> = {
  draw: drawTwoWords,
  exact: (random) => [
    {
      inputs: [random.of(pinned, "int32"), random.of([...pinned].reverse(), "int32")],
      attributes: null,
      outputs: [
        [
          6.34526374068573, 5.971409591826727, -5.836197354375034e-10, 2.761769506635499, -1.82053595774139,
          6.602010036323698e-11, -6.230260175338836, 1.4769151393376476, 3.4997691220499076,
        ],
      ],
    },
  ],
  guardPoints: "random numbers: they have no derivative",
  rejects: [],
};
