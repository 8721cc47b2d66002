import { Agent, request } from "node:http";

/** What callers saw who called one after the other, each on a connection of its own. */
export type Answers = {
  perSecond: number;
  /** Of each call, in ms. */
  times: number[];
};

type Calls = {
  url: string;
  connections: number;
  /** In all. */
  calls: number;
  bodyOf: (call: number) => string;
};

/**
 * Makes calls over so many connections that are kept open, each as soon as the one before it is answered.
 *
 * @throws Error with the answer to a call that did not succeed.
 */
export async function callOver({ url, connections, calls, bodyOf }: Calls): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let next = 0;
  const caller = async () => {
    while (next < calls) {
      const call = next++;
      const startedAt = performance.now();
      await post(`${url}/api/mutation`, bodyOf(call), agent);
      times.push(performance.now() - startedAt);
    }
  };
  try {
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: connections }, caller));
    return { perSecond: (calls * 1000) / (performance.now() - startedAt), times };
  } finally {
    agent.destroy();
  }
}

function post(url: string, body: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const sent = request(url, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      answer.once("end", () => {
        if (text.startsWith('{"status":"success"')) resolve();
        else reject(new Error(`${answer.statusCode}: ${text}`));
      });
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
