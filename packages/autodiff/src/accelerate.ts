import { acceleratedEager } from "./backends/accelerated.js";
import { setEagerBackend } from "./backends/eager.js";

// The full entry runs products and large maps in WebAssembly; the functions-only entry stays small and plain.
setEagerBackend(acceleratedEager);
