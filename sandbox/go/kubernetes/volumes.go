package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// What the default StorageClass names as its provisioner: the sandbox's, and Minikube's.
const (
	sandboxProvisioner  = "sandbox.local/directory"
	minikubeProvisioner = "k8s.io/minikube-hostpath"
)

// directories provisions volumes as directories below root, on the one node there is.
type directories struct {
	root string
}

// Provision makes one directory per volume. It returns a "local" volume, not a "hostPath" one:
// only "local" obeys fsGroup, so that containers without root rights can write.
func (d directories) Provision(_ context.Context, o controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	node, err := nodeOf(o.SelectedNodeName)
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// The volume's name holds the claim's UID: a claim made again under its old name gets a fresh directory.
	dir := filepath.Join(d.root, o.PVC.Namespace+"_"+o.PVC.Name+"_"+o.PVName)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// The umask has cut the mode above.
	if err := os.Chmod(dir, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: o.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: o.PVC.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: dir}},
			NodeAffinity:                  onNode(node),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes a volume's directory, and refuses a path that is not directly below root.
func (d directories) Delete(_ context.Context, volume *core.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(filepath.Clean(volume.Spec.Local.Path)) != d.root {
		return fmt.Errorf("volume %s is not a directory below %s", volume.Name, d.root)
	}
	return os.RemoveAll(volume.Spec.Local.Path)
}

// nodeOf is the node that the scheduler chose, else this one: a StorageClass that binds at once, such as Minikube's,
// asks before there is a pod, and its provisioner has the node's host name.
func nodeOf(selected string) (string, error) {
	if selected != "" {
		return selected, nil
	}
	return os.Hostname()
}

func onNode(name string) *core.VolumeNodeAffinity {
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{
		NodeSelectorTerms: []core.NodeSelectorTerm{{
			MatchExpressions: []core.NodeSelectorRequirement{{
				Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{name},
			}},
		}},
	}}
}

func newVolumesCommand() *cobra.Command {
	var kubeconfig, root string
	command := &cobra.Command{
		Use:   "sandbox-volumes",
		Short: "provisions persistent volumes as directories of this machine",
		RunE: func(*cobra.Command, []string) error {
			return runVolumes(kubeconfig, sandboxProvisioner, root)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig to reach the API server with")
	command.Flags().StringVar(&root, "root", "", "directory that holds the volumes")
	for _, name := range []string{"kubeconfig", "root"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return command
}

// newMinikubeVolumesCommand is the same for Minikube's addon "storage-provisioner": its pod gives no arguments, has the
// host's /tmp and network, and reaches the API server by its service account. Below the folder that Minikube uses there
// is one per host name: machines that share a /tmp stay apart.
func newMinikubeVolumesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "storage-provisioner",
		Short: "provisions persistent volumes as directories of Minikube's node",
		RunE: func(*cobra.Command, []string) error {
			host, err := os.Hostname()
			if err != nil {
				return err
			}
			return runVolumes("", minikubeProvisioner, filepath.Join("/tmp/hostpath-provisioner", host))
		},
	}
}

// runVolumes provisions until it is told to end. Without a kubeconfig it takes its pod's service account.
func runVolumes(kubeconfig, provisioner, root string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	controller.NewProvisionController(ctx, client, provisioner, directories{filepath.Clean(root)},
		controller.LeaderElection(false)).Run(ctx)
	return nil
}
