import { conformance } from "../../autodiff/test/backends/conformance.js";
import { native } from "../src/index.js";

conformance("native code", native);
