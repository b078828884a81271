import { afterAll } from "vitest";
import { conformanceTests } from "../conformance-tests.js";
import { workerBackend } from "./worker-backend.js";

const backend = workerBackend("worker");
conformanceTests("the backend in a worker", backend, { lacks: ["no float64"] });
afterAll(() => backend.end());
