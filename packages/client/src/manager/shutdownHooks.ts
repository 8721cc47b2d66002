/** The signals by which a pipeline is asked to end. */
export const SHUTDOWN_SIGNALS = ["SIGTERM", "SIGINT"] as const;
export type ShutdownSignal = (typeof SHUTDOWN_SIGNALS)[number];

/**
 * Runs a function once when the process is asked to end, then lets the signal have its usual effect. Where the program
 * listens to the signal itself, ending the process stays its business.
 *
 * @returns A function that takes the hooks out again.
 */
export function onShutdown(work: (signal: ShutdownSignal) => Promise<unknown>): () => void {
  const remove = () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
  const listeners = SHUTDOWN_SIGNALS.map((signal) => {
    const listener = () => {
      const isAlone = process.listenerCount(signal) === 1;
      remove();
      // While the work runs a second signal ends the process at once, as nobody listens any more.
      void work(signal).finally(() => {
        if (isAlone) process.kill(process.pid, signal);
      });
    };
    // First in line: a listener of the program's that runs once is still counted then.
    process.prependListener(signal, listener);
    return [signal, listener] as const;
  });
  return remove;
}
