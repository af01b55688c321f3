// The program that tests/sandbox.sh runs in pods: it looks at the cluster from inside and answers
// over HTTP. It is no part of the sandbox itself.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const timeout = 3 * time.Second

func main() {
	if len(os.Args) > 1 {
		fmt.Println(strings.Join(os.Args[1:], " "))
		return
	}
	http.HandleFunc("/", answer(func(*http.Request) (string, error) { return os.Hostname() }))
	http.HandleFunc("/resolve", answer(resolve))
	http.HandleFunc("/fetch", answer(fetch))
	http.HandleFunc("/write", answer(write))
	http.HandleFunc("/read", answer(read))
	http.HandleFunc("/database", answer(database))
	serveEvents()
	log.Println("listening on :8080")
	log.Fatal(http.ListenAndServe(":8080", nil))
}

// answer turns a function's text into a response, its error into status 500.
func answer(f func(*http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := f(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, text)
	}
}

func resolve(r *http.Request) (string, error) {
	addresses, err := net.DefaultResolver.LookupHost(r.Context(), r.FormValue("name"))
	return strings.Join(addresses, " "), err
}

func fetch(r *http.Request) (string, error) {
	client := http.Client{Timeout: timeout}
	response, err := client.Get(r.FormValue("url"))
	if err != nil {
		return "", err
	}
	return text(response)
}

func write(r *http.Request) (string, error) {
	return "written", os.WriteFile("/data/note", []byte(r.FormValue("text")), 0o600)
}

func read(*http.Request) (string, error) {
	text, err := os.ReadFile("/data/note")
	return string(text), err
}

// database asks a PostgreSQL server for TLS, as its clients do, and says what it got.
func database(r *http.Request) (string, error) {
	connection, err := net.DialTimeout("tcp", r.FormValue("address"), timeout)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	// The protocol's SSLRequest: length 8, code 80877103. The answer is one letter.
	if _, err := connection.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return "", err
	}
	reply := make([]byte, 1)
	if _, err := io.ReadFull(connection, reply); err != nil || reply[0] != 'S' {
		return "", fmt.Errorf("no TLS offered: reply %q, %w", reply, err)
	}
	// The sandbox's authority is not known here, as with sslmode=require.
	client := tls.Client(connection, &tls.Config{InsecureSkipVerify: true})
	if err := client.Handshake(); err != nil {
		return "", err
	}
	return "tls " + client.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}
