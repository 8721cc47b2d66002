import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

import { pause } from "./FaultProxy.ts";
import {
  type FromWorker,
  type Order,
  STANDS_STILL,
  type ToWorker,
  type WorkerPlan,
} from "./messages.ts";

/** What became of an order. `unknown`: the worker died before it said. */
export type Report = { outcome: string; code?: string | undefined };

/** A worker process, from its parent's side. */
export class Worker<Plan = WorkerPlan> {
  readonly #process: ChildProcess;
  readonly #open = new Map<string, (report: Report) => void>();
  readonly #onLog: (line: string) => void;
  #hasStarted = false;
  /** It has reached the step at which it was to stand still. */
  standsStill = false;
  isBalanced = true;
  isDead = false;

  constructor(script: string, onLog: (line: string) => void) {
    this.#onLog = onLog;
    this.#process = fork(script, { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
    this.#process.on("message", (message: FromWorker) => this.#hear(message));
    this.#process.on("exit", () => this.#died());
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes(STANDS_STILL)) this.standsStill = true;
    });
    this.#readLog();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves once it takes orders, or stands still already. */
  async start(plan: Plan): Promise<void> {
    this.#tell({ start: plan });
    while (!this.#hasStarted && !this.standsStill) {
      if (this.isDead) throw new Error("a worker ended before it had started; its log says why");
      await pause(2);
    }
  }

  /** Resolves with what the worker says, or `unknown` when it dies before. */
  report(order: Order): Promise<Report> {
    if (this.isDead) return Promise.resolve({ outcome: "unknown" });
    return new Promise((resolve) => {
      this.#open.set(order.updateId, resolve);
      this.#tell({ report: order });
    });
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    if (this.isDead) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }

  /** SIGSTOP: it stands still wherever it is, and holds what it holds. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  /** SIGCONT. */
  resume(): void {
    this.#process.kill("SIGCONT");
  }

  /** Lets it deliver what is left, and end. */
  async finish(): Promise<void> {
    if (this.isDead) return;
    const exit = once(this.#process, "exit");
    this.#tell({ finish: true });
    await exit;
  }

  #tell(message: ToWorker<Plan>): void {
    // To a process that has just died: its exit settles what is open.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #hear(message: FromWorker): void {
    if (message.event === "started") this.#hasStarted = true;
    if (message.event === "finished") this.isBalanced = message.balanced;
    if (message.event !== "reported") return;
    const { updateId, outcome, code } = message;
    this.#open.get(updateId)?.({ outcome, code });
    this.#open.delete(updateId);
  }

  #died(): void {
    this.isDead = true;
    for (const resolve of this.#open.values()) resolve({ outcome: "unknown" });
    this.#open.clear();
  }

  #readLog(): void {
    let rest = "";
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#onLog(line);
    });
  }
}
