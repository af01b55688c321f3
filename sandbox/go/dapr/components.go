// The components of the sandbox's sidecar: what the files in dapr/, the tests and a first try need. Dapr's own build has
// more than a hundred, and what they import takes much longer to compile than all the rest of Dapr. One that the sandbox
// lacks fails with Dapr's own words, "couldn't find …"; adding it is its import and its line here.
package main

import (
	nameskubernetes "github.com/dapr/components-contrib/nameresolution/kubernetes"
	"github.com/dapr/components-contrib/nameresolution/mdns"
	pubsubmemory "github.com/dapr/components-contrib/pubsub/in-memory"
	"github.com/dapr/components-contrib/pubsub/kafka"
	secretskubernetes "github.com/dapr/components-contrib/secretstores/kubernetes"
	"github.com/dapr/components-contrib/secretstores/local/env"
	"github.com/dapr/components-contrib/secretstores/local/file"
	statememory "github.com/dapr/components-contrib/state/in-memory"
	postgresqlv1 "github.com/dapr/components-contrib/state/postgresql/v1"
	postgresqlv2 "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/dapr/pkg/components"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	middleware "github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/kit/logger"
)

// componentsRegistry has them in Dapr's own registries, because pluggable components come to those.
func componentsRegistry() *registry.Options {
	// In Kubernetes and in standalone mode names are found by these two.
	nameresolution.DefaultRegistry.RegisterComponent(nameskubernetes.NewResolver, "kubernetes")
	nameresolution.DefaultRegistry.RegisterComponent(mdns.NewResolver, "mdns")

	pubsub.DefaultRegistry.RegisterComponent(kafka.NewKafka, "kafka")
	pubsub.DefaultRegistry.RegisterComponent(pubsubmemory.New, "in-memory")

	secretstores.DefaultRegistry.RegisterComponent(secretskubernetes.NewKubernetesSecretStore, "kubernetes")
	secretstores.DefaultRegistry.RegisterComponent(env.NewEnvSecretStore, "local.env")
	secretstores.DefaultRegistry.RegisterComponent(file.NewLocalSecretStore, "local.file")

	state.DefaultRegistry.RegisterComponent(statememory.NewInMemoryStateStore, "in-memory")
	for _, name := range []string{"postgresql", "postgres"} {
		// The names and versions of Dapr's own build: a Component without a version means v1.
		state.DefaultRegistry.RegisterComponentWithVersions(name, components.Versioning{
			Preferred: components.VersionConstructor{Version: "v2", Constructor: postgresqlv2.NewPostgreSQLStateStore},
			Others: []components.VersionConstructor{
				{Version: "v1", Constructor: postgresqlv1.NewPostgreSQLStateStore},
			},
			Default: "v1",
		})
	}

	return registry.NewOptions().
		WithBindings(bindings.DefaultRegistry).
		WithConfigurations(configuration.DefaultRegistry).
		WithConversations(conversation.DefaultRegistry).
		WithCryptoProviders(crypto.DefaultRegistry).
		WithHTTPMiddlewares(middleware.DefaultRegistry).
		WithLocks(lock.DefaultRegistry).
		WithNameResolutions(nameresolution.DefaultRegistry).
		WithPubSubs(pubsub.DefaultRegistry).
		WithSecretStores(secretstores.DefaultRegistry).
		WithStateStores(state.DefaultRegistry)
}

// componentsLog gives every registry its logger.
func componentsLog(contrib, own logger.Logger) {
	bindings.DefaultRegistry.Logger = contrib
	configuration.DefaultRegistry.Logger = contrib
	conversation.DefaultRegistry.Logger = contrib
	crypto.DefaultRegistry.Logger = contrib
	lock.DefaultRegistry.Logger = contrib
	nameresolution.DefaultRegistry.Logger = contrib
	pubsub.DefaultRegistry.Logger = contrib
	secretstores.DefaultRegistry.Logger = contrib
	state.DefaultRegistry.Logger = contrib
	middleware.DefaultRegistry.Logger = own
}
