"""A short pipeline that reports to Convex over plain HTTP. It does not know whether a relay is in between."""

import os
import sys

import requests

CONVEX_URL = os.environ["CONVEX_URL"]
session = requests.Session()


def call(kind, path, **args):
    """Calls a Convex function: `kind` is "query" or "mutation". Returns its value, or ends the program."""
    body = {"path": path, "args": args, "format": "json"}
    answer = session.post(f"{CONVEX_URL}/api/{kind}", json=body, timeout=10)
    answer.raise_for_status()
    result = answer.json()
    if result["status"] != "success":
        sys.exit(f"{path}: {result['errorMessage']}")
    return result["value"]


def main(twitch_id):
    video = call("query", "video:getByTwitchIdPublic", twitchId=twitch_id)
    if video is None:
        sys.exit(f"there is no video {twitch_id}; create it first")

    call("mutation", "video:updateStatus", id=video["_id"], status="Downloading")
    for status, field in [("Fetching chat", "chatUrl"), ("Transcribing", "transcriptUrl")]:
        call("mutation", "video:updateStatusByTwitchId", twitchId=twitch_id, status=status)
        # ... the work itself, and the upload of what it made ...
        url = f"https://files.example/{twitch_id}/{field}"
        call("mutation", "video:updateUrls", twitchId=twitch_id, urls={field: url})
    call("mutation", "video:updateStatusByTwitchId", twitchId=twitch_id, status="Completed")

    video = call("query", "video:getByTwitchIdPublic", twitchId=twitch_id)
    print(f"{twitch_id}: {video['status']}")


main(sys.argv[1])
