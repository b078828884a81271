import { conformanceTests } from "../../autodiff/test/backends/conformance-tests.js";
import { native } from "../src/index.js";
import { describeNative } from "./describe-native.js";

// A run of the compiler for each of thousands of small programs would take minutes.
describeNative("the suite of all backends", () =>
  conformanceTests("native code", native, { joined: 64, threads: [1, 2, 3] }),
);
