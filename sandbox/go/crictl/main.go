// A stand-in for crictl, which the Go module proxy does not serve: the subcommands that Minikube and kubeadm call, over
// the same interface of containerd, with the same output. It refuses every other subcommand.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// call is one subcommand with the client that answers it.
type call struct {
	commandLine
	ctx     context.Context
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
}

var subcommands = map[string]func(*call) error{
	"version": (*call).version,
	"info":    (*call).info,
	"images":  (*call).listImages,
	"image":   (*call).listImages,
	"img":     (*call).listImages,
	"rmi":     (*call).removeImages,
	"pull":    (*call).pull,
	"ps":      (*call).listContainers,
	"stop":    (*call).stop,
	"rm":      (*call).remove,
	"logs":    (*call).logs,
	"pods":    (*call).listPods,
	"stopp":   (*call).stopPods,
	"rmp":     (*call).removePods,
}

func main() {
	line := parse(os.Args[1:])
	if line.subcommand == "" && line.has("version", "v") {
		fmt.Println("crictl version v1.34.0-standin")
		return
	}
	if err := run(line); err != nil {
		fmt.Fprintf(os.Stderr, "E%s %v\nFATA[0000] %v\n", time.Now().Format("0102 15:04:05"), err, err)
		os.Exit(1)
	}
}

func run(line commandLine) error {
	subcommand, known := subcommands[line.subcommand]
	if !known {
		return fmt.Errorf("No help topic for '%s'", line.subcommand)
	}
	connection, err := grpc.NewClient(line.endpoint(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	return subcommand(&call{line, ctx, cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection)})
}

// endpoint is containerd's socket: given, or of crictl's configuration, which Minikube writes, or the usual one.
func (l commandLine) endpoint() string {
	if given := l.options["runtime-endpoint"]; given != "" {
		return given
	}
	configuration, err := os.ReadFile("/etc/crictl.yaml")
	if err == nil {
		for _, line := range strings.Split(string(configuration), "\n") {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), "runtime-endpoint:"); found {
				return strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return "unix:///run/containerd/containerd.sock"
}

func (c *call) version() error {
	v, err := c.runtime.Version(c.ctx, &cri.VersionRequest{})
	if err != nil {
		return err
	}
	fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n",
		v.Version, v.RuntimeName, v.RuntimeVersion, v.RuntimeApiVersion)
	return nil
}

// info prints the runtime's status, with what it says of itself as JSON where it is JSON.
func (c *call) info() error {
	status, err := c.runtime.Status(c.ctx, &cri.StatusRequest{Verbose: true})
	if err != nil {
		return err
	}
	info := map[string]any{"status": status.Status}
	for key, value := range status.Info {
		if json.Valid([]byte(value)) {
			info[key] = json.RawMessage(value)
		} else {
			info[key] = value
		}
	}
	return show(info)
}

func show(value any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
