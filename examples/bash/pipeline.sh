#!/usr/bin/env bash
# A short pipeline that reports to Convex with curl. It does not know whether a relay is in between.
set -euo pipefail
twitch_id="$1"

# call KIND PATH ARGS: calls a Convex function and prints its answer; ends the program when it failed.
call() {
  local answer
  answer="$(curl --silent --show-error --fail-with-body --max-time 10 "$CONVEX_URL/api/$1" \
    --header "Content-Type: application/json" \
    --data "{\"path\": \"$2\", \"args\": $3, \"format\": \"json\"}")"
  if [[ "$answer" != '{"status":"success"'* ]]; then
    echo "$2: $answer" >&2
    exit 1
  fi
  echo "$answer"
}

set_status() { call mutation video:updateStatusByTwitchId "{\"twitchId\": \"$twitch_id\", \"status\": \"$1\"}" > /dev/null; }
set_url() { call mutation video:updateUrls "{\"twitchId\": \"$twitch_id\", \"urls\": {\"$1\": \"$2\"}}" > /dev/null; }

set_status "Downloading"
set_status "Fetching chat"
# ... the work itself, and the upload of what it made ...
set_url chatUrl "https://files.example/$twitch_id/chatUrl"
set_status "Transcribing"
set_url transcriptUrl "https://files.example/$twitch_id/transcriptUrl"
set_status "Completed"

video="$(call query video:getByTwitchIdPublic "{\"twitchId\": \"$twitch_id\"}")"
echo "$twitch_id: $(grep --only-matching '"status":"[^"]*"' <<< "$video" | tail -1 | cut -d '"' -f 4)"
