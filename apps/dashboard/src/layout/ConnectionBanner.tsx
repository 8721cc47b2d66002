import { CloudOff } from "lucide-react";

import { useConnection } from "../backend/useConnection.ts";
import { Age, Clock } from "../time/Time.tsx";

/** Says that the page is not live, and how old what it shows is. */
export function ConnectionBanner() {
  const connection = useConnection();
  return (
    <div role="status">
      {connection.kind === "offline" && (
        <div className="bg-warn-soft text-warn">
          <p className="mx-auto flex max-w-7xl items-center gap-2.5 px-4 py-2 text-sm sm:px-6">
            <CloudOff aria-hidden="true" className="size-4 shrink-0" />
            {connection.hasData ? (
              <span>
                <strong className="font-semibold">Offline, reconnecting.</strong> This is what was
                known at <Clock at={connection.since} /> (<Age at={connection.since} />
                ). Actions wait until the connection is back.
              </span>
            ) : (
              <span>
                <strong className="font-semibold">The deployment cannot be reached.</strong> Trying
                again.
              </span>
            )}
          </p>
        </div>
      )}
    </div>
  );
}
