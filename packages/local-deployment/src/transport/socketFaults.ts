import { setTimeout as delay } from "node:timers/promises";

import type { WebSocket } from "ws";

import { displayFunctionPath } from "../engine/functionPaths.ts";
import type { Faults } from "./faults.ts";

/** What a message is to meet: nothing, an end before it is handled, or a cut after it. */
export type MetFault = "none" | "stop" | "cutAfter";

/** Lets the messages of one socket meet the scripted faults. */
export class SocketFaults {
  readonly #faults: Faults;
  readonly #path: string;

  constructor(faults: Faults, path: string) {
    this.#faults = faults;
    this.#path = path;
  }

  /** @param functionPath the function that the message calls. */
  async meet(socket: WebSocket, functionPath: string): Promise<MetFault> {
    if (this.#faults.isEmpty) return "none";
    const fault = this.#faults.take({
      path: this.#path,
      function: displayFunctionPath(functionPath),
      isMessage: true,
    });
    if (fault === null) return "none";
    if ("delayMs" in fault) await delay(fault.delayMs);
    else if ("hang" in fault) await new Promise((resolve) => socket.once("close", resolve));
    else if ("status" in fault) socket.close(1011, `Status${fault.status}`);
    else if (fault.cut === "afterCommit") return "cutAfter";
    else socket.terminate();
    return "delayMs" in fault && socket.readyState === socket.OPEN ? "none" : "stop";
  }
}
