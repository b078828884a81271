/** Imported for its effect: from here on, eager matrix products run in WebAssembly, through scratch memory. The compiler's entry and the recurrent
 * cells of `@scope/nn` do so themselves, and on Node, Deno and Bun so does `@scope/autodiff`; only a page with neither has to.
 * @packageDocumentation */

import { fastGemm } from "./backends/accelerators/gemm.js";
import { setAccelerators } from "./backends/eager.js";

setAccelerators({ gemm: fastGemm });
