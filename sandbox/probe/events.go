package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

// The pod's sidecar, and the component through which it is asked to deliver.
const (
	sidecar = "http://127.0.0.1:3500/v1.0"
	pubsub  = "pubsub"
)

// received keeps the events that the sidecar delivered, as they came.
type received struct {
	mutex  sync.Mutex
	events []string
}

// serveEvents: a pod with SUBSCRIBE gets the events of that topic; every pod can publish and use the state store.
func serveEvents() {
	inbox := &received{}
	http.HandleFunc("/dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if topic := os.Getenv("SUBSCRIBE"); topic != "" {
			fmt.Fprintf(w, `[{"pubsubname": %q, "topic": %q, "route": "/event"}]`, pubsub, topic)
			return
		}
		fmt.Fprint(w, "[]")
	})
	http.HandleFunc("/event", inbox.deliver)
	http.HandleFunc("/received", answer(inbox.list))
	http.HandleFunc("/publish", answer(publish))
	http.HandleFunc("/state", answer(state))
}

func (inbox *received) deliver(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	inbox.mutex.Lock()
	defer inbox.mutex.Unlock()
	inbox.events = append(inbox.events, string(event))
}

func (inbox *received) list(*http.Request) (string, error) {
	inbox.mutex.Lock()
	defer inbox.mutex.Unlock()
	return strings.Join(inbox.events, "\n"), nil
}

func publish(r *http.Request) (string, error) {
	return post(fmt.Sprintf("%s/publish/%s/%s", sidecar, pubsub, r.FormValue("topic")), fmt.Sprintf("%q", r.FormValue("text")))
}

// state saves a text in the state store and reads it back.
func state(r *http.Request) (string, error) {
	store := sidecar + "/state/statestore"
	if _, err := post(store, fmt.Sprintf(`[{"key": "note", "value": %q}]`, r.FormValue("text"))); err != nil {
		return "", err
	}
	response, err := (&http.Client{Timeout: timeout}).Get(store + "/note")
	if err != nil {
		return "", err
	}
	return text(response)
}

func post(url, body string) (string, error) {
	response, err := (&http.Client{Timeout: timeout}).Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	return text(response)
}

// text returns a response's body; a status that is no success is an error.
func text(response *http.Response) (string, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return strings.TrimSpace(string(body)), err
}
