// A short pipeline that reports to Convex over plain HTTP. It does not know whether a relay is in between.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

var client = &http.Client{Timeout: 10 * time.Second}

type args map[string]any

// call calls a Convex function: kind is "query" or "mutation". It ends the program when the call fails.
func call(kind, path string, arguments args) map[string]any {
	body, err := json.Marshal(args{"path": path, "args": arguments, "format": "json"})
	if err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	response, err := client.Post(os.Getenv("CONVEX_URL")+"/api/"+kind, "application/json", bytes.NewReader(body))
	if err != nil {
		log.Fatalf("%s: %v", path, err)
	}
	defer response.Body.Close()
	var answer struct {
		Status       string         `json:"status"`
		Value        map[string]any `json:"value"`
		ErrorMessage string         `json:"errorMessage"`
		Message      string         `json:"message"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatalf("%s: HTTP %d: %v", path, response.StatusCode, err)
	}
	if answer.Status != "success" {
		log.Fatalf("%s: HTTP %d: %s%s", path, response.StatusCode, answer.ErrorMessage, answer.Message)
	}
	return answer.Value
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: pipeline <Twitch ID>")
	}
	twitchID := os.Args[1]
	setStatus := func(status string) {
		call("mutation", "video:updateStatusByTwitchId", args{"twitchId": twitchID, "status": status})
	}
	setURL := func(field string) {
		urls := args{field: "https://files.example/" + twitchID + "/" + field}
		call("mutation", "video:updateUrls", args{"twitchId": twitchID, "urls": urls})
	}
	setStatus("Downloading")
	setStatus("Fetching chat")
	// ... the work itself, and the upload of what it made ...
	setURL("chatUrl")
	setStatus("Transcribing")
	setURL("transcriptUrl")
	setStatus("Completed")

	video := call("query", "video:getByTwitchIdPublic", args{"twitchId": twitchID})
	fmt.Printf("%s: %s\n", twitchID, video["status"])
}
