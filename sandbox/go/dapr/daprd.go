// The sidecar, put together of Dapr's own packages. Dapr's `cmd/daprd/app` does the same, but it imports every component
// that Dapr has. It adds nothing and leaves nothing out but components (components.go); a new version of Dapr may have
// further options, which `runtime.Config` then has too.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"go.opencensus.io/stats/view"
	"go.uber.org/automaxprocs/maxprocs"
)

var daprdLog = logger.NewLogger("dapr.runtime")

// daprd is the sidecar's process.
func daprd() {
	// As many threads as the pod's limit allows; what it says is of no interest.
	_, _ = maxprocs.Set()
	opts, err := options.New(os.Args[1:])
	if err != nil {
		daprdLog.Fatalf("Failed to parse flags: %v", err)
	}
	switch {
	case opts.RuntimeVersion:
		fmt.Println(buildinfo.Version())
		return
	case opts.BuildInfo:
		fmt.Printf("Version: %s\nGit Commit: %s\nGit Version: %s\n",
			buildinfo.Version(), buildinfo.Commit(), buildinfo.GitVersion())
		return
	case opts.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(opts.DaprHTTPPort)
		return
	}
	opts.Logger.SetAppID(opts.AppID)
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		daprdLog.Fatal(err)
	}
	daprdLog.Infof("Starting Dapr Runtime -- version %s -- commit %s", buildinfo.Version(), buildinfo.Commit())
	componentsLog(logger.NewLogger("dapr.contrib"), daprdLog)
	if err := daprdUntilStopped(opts); err != nil {
		daprdLog.Fatalf("Fatal error from runtime: %s", err)
	}
	daprdLog.Info("Daprd shutdown gracefully")
}

// daprdUntilStopped runs the sidecar, and again after each SIGHUP, until it is told to stop or ends by itself.
func daprdUntilStopped(opts *options.Options) error {
	stopped := signals.Context()
	lives := signals.OnHUP(stopped)
	for {
		select {
		case <-stopped.Done():
			return nil
		case life, more := <-lives:
			if !more {
				return nil
			}
			if err := daprdOnce(life, opts); err != nil {
				return err
			}
			if life.Err() == nil { // ended by its own API, not by a signal
				return nil
			}
		}
	}
}

// daprdOnce runs the sidecar beside what keeps its certificate new.
func daprdOnce(ctx context.Context, opts *options.Options) error {
	health := healthz.New()
	certificates, err := security.New(ctx, security.Options{
		AppID:                   opts.AppID,
		ControlPlaneNamespace:   opts.ControlPlaneNamespace,
		ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain,
		Healthz:                 health,
		JwtAudiences:            opts.SentryRequestJwtAudiences,
		MTLSEnabled:             opts.EnableMTLS,
		Mode:                    modes.DaprMode(opts.Mode),
		SentryAddress:           opts.SentryAddress,
		TrustAnchors:            opts.TrustAnchors,
	})
	if err != nil {
		return err
	}
	sidecar := func(ctx context.Context) error {
		handler, err := certificates.Handler(ctx)
		if err != nil {
			return err
		}
		config := daprdConfig(opts)
		config.Healthz = health
		config.Metrics.Healthz = health
		config.Registry = componentsRegistry()
		config.Security = handler
		running, err := runtime.FromConfig(ctx, config)
		if err != nil {
			return err
		}
		return running.Run(ctx)
	}
	return concurrency.NewRunnerManager(certificates.Run, sidecar).Run(ctx)
}

// daprdConfig is what the command line says.
func daprdConfig(opts *options.Options) *runtime.Config {
	return &runtime.Config{
		ActorsDisseminationTimeout:    opts.ActorsDisseminationTimeout,
		ActorsService:                 opts.ActorsService,
		AllowedOrigins:                opts.AllowedOrigins,
		AppChannelAddress:             opts.AppChannelAddress,
		AppHealthCheckPath:            opts.AppHealthCheckPath,
		AppHealthProbeInterval:        opts.AppHealthProbeInterval,
		AppHealthProbeTimeout:         opts.AppHealthProbeTimeout,
		AppHealthThreshold:            opts.AppHealthThreshold,
		AppID:                         opts.AppID,
		AppMaxConcurrency:             opts.AppMaxConcurrency,
		AppProtocol:                   opts.AppProtocol,
		AppSSL:                        opts.AppSSL,
		ApplicationPort:               opts.AppPort,
		ComponentsPath:                opts.ComponentsPath,
		Config:                        opts.Config,
		ControlPlaneAddress:           opts.ControlPlaneAddress,
		DaprAPIGRPCPort:               opts.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        opts.DaprAPIListenAddresses,
		DaprBlockShutdownDuration:     opts.DaprBlockShutdownDuration,
		DaprGracefulShutdownSeconds:   opts.DaprGracefulShutdownSeconds,
		DaprHTTPPort:                  opts.DaprHTTPPort,
		DaprInternalGRPCListenAddress: opts.DaprInternalGRPCListenAddress,
		DaprInternalGRPCPort:          opts.DaprInternalGRPCPort,
		DaprPublicListenAddress:       opts.DaprPublicListenAddress,
		DaprPublicPort:                opts.DaprPublicPort,
		DisableBuiltinK8sSecretStore:  opts.DisableBuiltinK8sSecretStore,
		DisableInitEndpoints:          opts.DisableInitEndpoints,
		EnableAPILogging:              opts.EnableAPILogging,
		EnableAppHealthCheck:          opts.EnableAppHealthCheck,
		EnableMTLS:                    opts.EnableMTLS,
		EnableProfiling:               opts.EnableProfiling,
		MaxRequestSize:                opts.MaxRequestSize,
		Mode:                          opts.Mode,
		ProfilePort:                   opts.ProfilePort,
		ReadBufferSize:                opts.ReadBufferSize,
		RemindersService:              opts.RemindersService,
		ResourcesPath:                 opts.ResourcesPath,
		SchedulerAddress:              opts.SchedulerAddress,
		SchedulerStreams:              opts.SchedulerJobStreams,
		SentryAddress:                 opts.SentryAddress,
		UnixDomainSocket:              opts.UnixDomainSocket,
		Metrics: metrics.Options{
			Enabled:       opts.Metrics.Enabled(),
			ListenAddress: opts.Metrics.ListenAddress(),
			Log:           daprdLog,
			Meter:         view.NewMeter(),
			Namespace:     metrics.DefaultMetricNamespace,
			Port:          opts.Metrics.Port(),
		},
	}
}
