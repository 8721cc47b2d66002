export { startLocalDeployment } from "./startLocalDeployment.ts";
export { runConvexCli, convexCliEnv } from "./cli/convexCli.ts";

export type { LocalDeployment, LocalDeploymentOptions } from "./startLocalDeployment.ts";
export type { ConvexCliOptions, ConvexCliResult } from "./cli/convexCli.ts";
export type { DeploymentLimits } from "./deployment/limits.ts";
export type { Fault, FaultRule, Faults } from "./transport/faults.ts";
