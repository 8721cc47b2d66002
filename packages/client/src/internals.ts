/** What the tests across packages need of the inside. Not published: `publishConfig` in package.json leaves it out. */
export { DELIVERY_STEPS } from "./outbox/delivery.ts";
export { MemoryStore } from "./outbox/MemoryStore.ts";
export { SqliteStore } from "./outbox/sqlite/SqliteStore.ts";
export { VirtualClock } from "./testing/VirtualClock.ts";

export type { ManagerAmbient } from "./manager/connectToBackend.ts";
export type { DeliveryStep } from "./outbox/delivery.ts";
export type { OutboxStore } from "./outbox/store.ts";
