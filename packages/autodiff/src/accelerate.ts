import { acceleratedEager } from "./backends/accelerated.js";
import { setEagerBackend } from "./backends/eager.js";

// Imported for its effect: from here on eager products and large maps run in WebAssembly.
setEagerBackend(acceleratedEager);
