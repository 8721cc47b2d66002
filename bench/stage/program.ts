import { fork } from "node:child_process";
import { join } from "node:path";

/** A program of this folder in a process of its own, which has said that it is ready. */
export type Program<T> = { ready: T; stop: () => Promise<void> };

/**
 * Starts a TypeScript program of `bench/programs/` and waits for the one message that it sends.
 *
 * @throws Error where it ends without one.
 */
export async function startProgram<T>(name: string, args: readonly string[]): Promise<Program<T>> {
  const child = fork(join(import.meta.dirname, "../programs", name), args, {
    execArgv: ["--import", import.meta.resolve("tsx")],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // Whatever ends this program ends that one.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ready = await new Promise<T>((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    void ended.then(() => reject(new Error(`${name} ended and said nothing`)));
  });
  return {
    ready,
    async stop() {
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}
