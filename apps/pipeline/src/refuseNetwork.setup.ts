/** Preloaded into a program under test: any attempt to reach the network ends it with exit code 99. */
import dgram from "node:dgram";
import dns from "node:dns";
import net from "node:net";

const NETWORK_EXIT_CODE = 99;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const connect = net.Socket.prototype.connect;

function refuse(what: string): never {
  process.stderr.write(`tried to reach the network: ${what}\n`);
  process.exit(NETWORK_EXIT_CODE);
}

net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
  const target = JSON.stringify(args[0]);
  // tsx asks for its parent through a pipe of its own.
  if (!target.includes("/tsx-")) refuse(target);
  return connect.apply(this, args as never);
};
dns.lookup = ((name: string) => refuse(`lookup of ${name}`)) as unknown as typeof dns.lookup;
dgram.createSocket = () => refuse("UDP");
