import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { REPORT_NAME, reportOn } from "./apiReport.ts";
import { build, PUBLISHED, ROOT } from "./packPackages.ts";

build();
for (const source of PUBLISHED) writeFileSync(join(ROOT, source, REPORT_NAME), reportOn(source));
