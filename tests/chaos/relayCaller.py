"""The caller in Python: see relayCaller.ts. With `requests` where it is installed, else with what Python brings."""

import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.error
import urllib.request

try:
    import requests
except ImportError:
    requests = None

STATUSES = ["Downloading", "Fetching chat", "Transcribing", "Analyzing"]
TIMEOUT_S = 10
REPEAT_S = 0.03
PAUSE_MAX_S = 0.1

url = os.environ["CONVEX_URL"]
is_over = threading.Event()
session = requests.Session() if requests else None


def send_with_requests(address, body, headers):
    try:
        answer = session.post(address, data=body, headers=headers, timeout=TIMEOUT_S)
    except requests.RequestException:
        return 503, ""
    return answer.status_code, answer.text


def send_with_urllib(address, body, headers):
    request = urllib.request.Request(address, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, urllib.error.URLError, http.client.HTTPException):
        return 503, ""


def post(kind, call, key):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    send = send_with_requests if requests else send_with_urllib
    http_status, text = send(f"{url}/api/{kind}", json.dumps({**call, "format": "json"}), headers)
    if http_status == 503:
        return None
    answer = json.loads(text)
    if http_status == 200 and answer["status"] == "success":
        return answer
    sys.exit(f"{call}: HTTP {http_status}: {text}")


def call_until_answered(kind, call, key=None):
    repeats = 0
    while True:
        answer = post(kind, call, key)
        if answer is not None:
            return answer["value"], repeats
        repeats += 1
        time.sleep(REPEAT_S)


def update(twitch_id, place):
    status = STATUSES[place % len(STATUSES)]
    if place % 3 == 1:
        args = {"twitchId": twitch_id, "status": status}
        return {"path": "video:updateStatusByTwitchId", "args": args}
    if place % 3 == 2:
        args = {"id": video_ids[twitch_id], "status": status}
        return {"path": "video:updateStatus", "args": args}
    urls = {"chatUrl": f"https://files.example/{twitch_id}/{place}"}
    return {"path": "video:updateUrls", "args": {"twitchId": twitch_id, "urls": urls}}


def end_with_stdin():
    sys.stdin.read()
    is_over.set()


threading.Thread(target=end_with_stdin, daemon=True).start()
twitch_ids = sys.argv[1:]
video_ids = {}
for twitch_id in twitch_ids:
    query = {"path": "video:getByTwitchIdPublic", "args": {"twitchId": twitch_id}}
    video_ids[twitch_id] = call_until_answered("query", query)[0]["_id"]
place = 0
while not is_over.is_set():
    for twitch_id in twitch_ids:
        key = f"{twitch_id}-{place}"
        _, repeats = call_until_answered("mutation", update(twitch_id, place), key)
        print(twitch_id, key, repeats, flush=True)
        time.sleep(random.random() * PAUSE_MAX_S)
    place += 1
