import { javascriptProgramBackend } from "../../src/backends/javascript/program.js";
import { conformance } from "./conformance.js";

conformance("the JavaScript backend", javascriptProgramBackend);
