/** A pipeline that is asked to end with an update that it could not deliver. */
import { ConvexManager } from "../index.ts";

const manager = new ConvexManager({ waitMs: 0 });
manager.installShutdownHooks();
await manager.updateVideoStatus("1", "Downloading");
process.stdout.write("ready\n");
setInterval(() => undefined, 1000);
