import { setAccelerators } from "./backends/eager.js";
import { fastMap } from "./backends/fast-map.js";

// Imported for its effect: from here on, large eager maps run in WebAssembly.
setAccelerators({ map: fastMap });
