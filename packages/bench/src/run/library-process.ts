import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { answerMark, type Failed, type Measured, type Prepared, type Question } from "../child/protocol.js";
import type { Contestant } from "../contestants.js";

const secondsToAnswer = 120;
const keptErrorLines = 3;
/** What makes OpenBLAS take other kernels or blocks than it chooses for the machine: a peer shows what it does by itself. */
const overridesOfBlas = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

/** The environment of a library's process: one thread for every BLAS that PyTorch may have been built with, each as it chooses to run. */
export function environmentOf(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => !overridesOfBlas.includes(name));
  return {
    ...Object.fromEntries(kept),
    OMP_NUM_THREADS: "1",
    OPENBLAS_NUM_THREADS: "1",
    MKL_NUM_THREADS: "1",
  };
}

/** A library in a process of its own, asked one thing at a time. */
export class LibraryProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #errors: string[] = [];
  #settle: ((line: string | Error) => void) | null = null;

  constructor(contestant: Contestant) {
    this.#child = spawn(contestant.command, [...contestant.args], {
      env: environmentOf(process.env),
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (line.startsWith(answerMark)) this.#settle?.(line.slice(answerMark.length));
    });
    createInterface({ input: this.#child.stderr }).on("line", (line) => {
      if (line.trim() !== "") this.#errors.push(line.trim());
    });
    this.#child.on("error", (error) => this.#settle?.(error));
    this.#child.on("close", (code, signal) => {
      this.#settle?.(new Error(`its process ended (${signal ?? code})${this.#lastWords()}`));
    });
    // A process that is gone is reported by "close"; the pipe's own complaint adds nothing.
    this.#child.stdin.on("error", () => {});
  }

  prepare(work: string, warmUpSeconds: number): Promise<Prepared> {
    return this.#ask<Prepared>({ ask: "prepare", work, warmUpSeconds });
  }

  measure(seconds: number): Promise<Measured> {
    return this.#ask<Measured>({ ask: "measure", seconds });
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  /** The line that names the error, of a trace in JavaScript or Python; or else the end of what was printed. */
  #lastWords(): string {
    const named = [...this.#errors].reverse().find((line) => /^\w*(Error|Exception)\b/.test(line));
    const why = named ?? this.#errors.slice(-keptErrorLines).join(" | ");
    return why === "" ? "" : `: ${why}`;
  }

  async #ask<A>(question: Question): Promise<A> {
    if (this.#child.exitCode !== null) throw new Error(`its process ended (${this.#child.exitCode})`);
    const line = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end();
        reject(new Error(`no answer within ${secondsToAnswer} s`));
      }, secondsToAnswer * 1000);
      this.#settle = (answer) => {
        clearTimeout(timer);
        this.#settle = null;
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    });
    const reply = JSON.parse(line) as A | Failed;
    if (typeof reply === "object" && reply !== null && "error" in reply) throw new Error(reply.error);
    return reply as A;
  }
}
