import { casesOf } from "../../repository/case-counts.js";
import { conformanceTests } from "../conformance-tests.js";
import { sharingBackend } from "./sharing-backend.js";

// The main thread leaves all that is shared to the others; one thread must leave the same bits.
conformanceTests("WebAssembly by 1 and 2 workers", sharingBackend({ patient: true }), {
  threads: [1, 2, 3],
  samples: casesOf(100),
});
