import { fastMap } from "./backends/accelerators/map.js";
import { setAccelerators } from "./backends/eager.js";

// Imported for its effect: from here on, large eager maps run in WebAssembly.
setAccelerators({ map: fastMap });
