/** A server that answers every mutation as the backend would, and does nothing else. Sends its address. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const RESULT = {
  success: true,
  videoId: "j57c8w3xk2m4n6p8q0r1s2t3v4w5x6y7",
  status: "Queued",
  outcome: "applied",
};

type Call = { path?: string; args?: unknown };

const server = createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  request.once("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "success", value: answer(text), logLines: [] }));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

function answer(text: string): unknown {
  const { args } = JSON.parse(text === "" ? "{}" : text) as Call;
  const first = (Array.isArray(args) ? args[0] : args) as
    { twitchId?: string; updates?: { twitchId: string }[] } | undefined;
  if (first?.updates === undefined) return { ...RESULT, twitchId: first?.twitchId ?? "0" };
  return first.updates.map(({ twitchId }) => ({ ...RESULT, twitchId }));
}
