// One binary for every Dapr process of the sandbox: the control plane and the sidecar. The name it is
// called by (argv[0], a link in the image) chooses the process; linking them together compiles and
// stores the shared packages once. It adds no behaviour of its own; of Dapr's components it has a few (components.go).
// The scheduler is absent: no actor, job or workflow is used, and it would bring an etcd of its own.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	injector "github.com/dapr/dapr/cmd/injector/app"
	operator "github.com/dapr/dapr/cmd/operator/app"
	placement "github.com/dapr/dapr/cmd/placement/app"
	sentry "github.com/dapr/dapr/cmd/sentry/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "daprd":
		daprd()
	case "injector":
		injector.Run()
	case "operator":
		operator.Run()
	case "placement":
		placement.Run()
	case "sentry":
		sentry.Run()
	default:
		fmt.Fprintf(os.Stderr, "%s: unknown name; call this binary through one of its links\n", name)
		os.Exit(2)
	}
}
