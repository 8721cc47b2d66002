"""A caller that knows two routes and reads status == "success". For each line of statuses on stdin it sets them."""

import os
import sys

import requests

session = requests.Session()
# A call that takes longer fails.
TIMEOUT_S = 5


def call(kind, path, args):
    body = {"path": path, "args": args, "format": "json"}
    answer = session.post(f"{os.environ['CONVEX_URL']}/api/{kind}", json=body, timeout=TIMEOUT_S)
    result = answer.json()
    assert result["status"] == "success", result
    return result["value"]


twitch_id = sys.argv[1]
for line in sys.stdin:
    for status in line.strip().split(","):
        call("mutation", "video:updateStatusByTwitchId", {"twitchId": twitch_id, "status": status})
        video = call("query", "video:getByTwitchIdPublic", {"twitchId": twitch_id})
        assert video["status"] == status, video
    print("done", flush=True)
